/* What a reset keeps: memory that stands in for flash, and the watchdog. */
#ifndef MPS2_KEEP_H
#define MPS2_KEEP_H

#include <stdbool.h>

#include "port.h"
#include "storage.h"

/* RAM with the manners of NOR flash, outside of what start-up clears. */
const hil_storage *kept_storage(void);

/* Stops the watchdog; whether it forced this start. It bites while `port` is watched (port.h). */
bool watchdog_open(const hil_port *port);

/* Waits WATCHDOG_MS from now on, or no more. */
void watchdog_arm(bool armed);

/* While the core sleeps until the UART has room: QEMU's clock jumps to the next timer then. */
void watchdog_pause(void);
void watchdog_resume(void);

/* It has expired, or something that it must end has happened: starts a payload anew that is watched, else returns. */
void watchdog_bite(void);

#endif
