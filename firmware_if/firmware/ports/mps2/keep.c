#include "keep.h"

#include <string.h>

#include "registers.h"

#define SECTOR_BYTES 4096u
#define FORCED 0x57444F47u /* 'WDOG' */

/* Sections .bss.kept*: kept over a reset; power-on leaves them as they fall. */
static uint8_t kept[16u * SECTOR_BYTES] __attribute__((section(".bss.kept")));
static uint32_t mark __attribute__((section(".bss.kept_mark")));
static const hil_port *watched;

void mps2_watchdog(void);

static bool read_kept(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    (void)context;
    memcpy(bytes, kept + address, count);
    return true;
}

static bool program_kept(void *context, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0u; i < count; ++i) {
        kept[address + i] &= bytes[i];
    }
    return true;
}

static bool erase_kept(void *context, uint32_t address)
{
    (void)context;
    memset(kept + address, HIL_STORAGE_ERASED, SECTOR_BYTES);
    return true;
}

const hil_storage *kept_storage(void)
{
    static const hil_storage storage = {.bytes = sizeof kept,
                                        .sector_bytes = SECTOR_BYTES,
                                        .program_bytes = 1u,
                                        .read = read_kept,
                                        .program = program_kept,
                                        .erase = erase_kept};
    return &storage;
}

/* QEMU 7.2's watchdog counts from reset on, enabled or not, until it has expired twice: while the core sleeps QEMU
 * jumps to both, 172 s of uptime each. So it expires at once, with neither interrupt nor reset enabled. */
static void silence(void)
{
    WATCHDOG_CONTROL = 0u;
    WATCHDOG_LOAD = 1u;
}

static bool is_watched(void)
{
    return watched != NULL && watched->watching;
}

bool watchdog_open(const hil_port *port)
{
    const bool forced = mark == FORCED;
    mark = 0u;
    watched = port;
    WATCHDOG_LOCK = WATCHDOG_UNLOCK;
    silence();
    return forced;
}

void watchdog_arm(bool armed)
{
    if (!armed) {
        silence();
        return;
    }
    WATCHDOG_LOAD = WATCHDOG_MS * (WATCHDOG_HZ / 1000u);
    WATCHDOG_CLEAR = 1u;
    WATCHDOG_CONTROL = WATCHDOG_CONTROL_INTERRUPT;
}

void watchdog_pause(void)
{
    if (is_watched()) {
        silence();
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
    mark = FORCED;
    SCB_RESET = SCB_RESET_REQUEST;
    for (;;) {
    }
}

/* The non-maskable interrupt: the watchdog has expired. Its own reset, at the second expiry, is left disabled: QEMU 7.2
 * remembers that the silenced watchdog has expired twice, and would reset at once when it is enabled. */
void mps2_watchdog(void)
{
    watchdog_bite();
    WATCHDOG_CLEAR = 1u;
}
