/* The core's private watchdog. */
#ifndef ZYNQ_WATCHDOG_H
#define ZYNQ_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#include "port.h"

/* Stops it; whether it forced this start. It bites while `port` is watched (port.h). */
bool watchdog_open(const hil_port *port);

/* Waits WATCHDOG_MS from now on, or no more. */
void watchdog_arm(bool armed);

/* While the core sleeps until the UART has room: QEMU's clock jumps to the next timer then. */
void watchdog_pause(void);
void watchdog_resume(void);

/* It has expired, or something that it must end has happened: starts a payload anew that is watched, else returns. */
void watchdog_bite(void);

#endif
