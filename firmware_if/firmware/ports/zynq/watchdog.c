/* QEMU models the private watchdog as a timer that interrupts and never resets, so it is used as one here, and the handler
 * starts anew. What runs with interrupts masked for ever is not ended by it; faults ask for the bite themselves. */
#include "watchdog.h"

#include "registers.h"

#define TICKS_PER_MS 100000u /* QEMU: 10 ns at prescale 0, as the global timer */
#define FORCED 0x57444F47u   /* 'WDOG' */

static const hil_port *watched;

static bool is_watched(void)
{
    return watched != NULL && watched->watching;
}

bool watchdog_open(const hil_port *port)
{
    const bool forced = OCM_WATCHDOG_MARK == FORCED;
    OCM_WATCHDOG_MARK = 0u;
    watched = port;
    watchdog_arm(false);
    return forced;
}

void watchdog_arm(bool armed)
{
    WATCHDOG_CONTROL = 0u;
    WATCHDOG_STATUS = 1u;
    if (armed) {
        WATCHDOG_LOAD = WATCHDOG_MS * TICKS_PER_MS; /* also sets the counter */
        WATCHDOG_CONTROL = WATCHDOG_CONTROL_ENABLE | WATCHDOG_CONTROL_INTERRUPT;
    }
}

void watchdog_pause(void)
{
    if (is_watched()) {
        WATCHDOG_CONTROL = 0u;
    }
}

void watchdog_resume(void)
{
    if (is_watched()) {
        watchdog_arm(true);
    }
}

void watchdog_bite(void)
{
    if (!is_watched()) {
        return;
    }
    OCM_WATCHDOG_MARK = FORCED;
    SLCR_UNLOCK = SLCR_UNLOCK_KEY;
    SLCR_RESET = 1u;
    for (;;) {
        __asm__ volatile("wfi");
    }
}
