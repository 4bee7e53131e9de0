/* The core's private watchdog. */
#ifndef ZYNQ_WATCHDOG_H
#define ZYNQ_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

/* Stops it; whether it forced this start. */
bool watchdog_open(void);

/* Waits WATCHDOG_MS from now on, or no more. */
void watchdog_arm(bool armed);

/* While the core sleeps for the UART: QEMU's clock jumps to the next timer then. */
void watchdog_pause(void);
void watchdog_resume(void);

/* It has expired, or something that it must end has happened: starts anew if it is armed, else returns. */
void watchdog_bite(void);

#endif
