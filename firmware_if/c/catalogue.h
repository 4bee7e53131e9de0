/* What this firmware can do, in its own words: one CatalogueEntry per learner and feature map. */
#ifndef HIL_CATALOGUE_H
#define HIL_CATALOGUE_H

#include "link.h"

void hil_send_catalogue(hil_link *link);

#endif
