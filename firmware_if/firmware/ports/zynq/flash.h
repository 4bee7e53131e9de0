/* The parallel NOR flash behind the static memory controller, for checkpoints. */
#ifndef ZYNQ_FLASH_H
#define ZYNQ_FLASH_H

#include "storage.h"

/* The storage, NULL if no flash answers. */
const hil_storage *flash_open(void);

#endif
