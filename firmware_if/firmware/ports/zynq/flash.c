/* Parallel NOR flash, 8 bits wide, with the AMD command set (JEDEC JESD68.01, CFI; S29GL data sheet, table of commands).
 * QEMU's xilinx-zynq-a9 has 64 MiB in sectors of 128 KiB at 0xE2000000: `-drive if=pflash,format=raw,file=...` of just
 * that size keeps them; without it they last as long as the process. Not verified on silicon, where the controller's
 * timing must be set first.
 */
#include "flash.h"

#include <stddef.h>

#include "registers.h"

#define FLASH_BYTE(offset) (*(volatile uint8_t *)(uintptr_t)(FLASH_BASE + (offset)))

#define SECTOR_BYTES 131072u
#define SECTORS 8u /* of the flash; the rest is left alone */

#define UNLOCK_1 0x555u
#define UNLOCK_2 0x2AAu
#define COMMAND_RESET 0xF0u
#define COMMAND_PROGRAM 0xA0u
#define COMMAND_ERASE 0x80u
#define COMMAND_ERASE_SECTOR 0x30u
#define COMMAND_QUERY 0x98u
#define QUERY 0x55u
#define QUERY_ANSWER 0x10u

/* Longest waits, in ticks of the global timer: S29GL takes 60 us a byte and 3.5 s a sector at worst. */
#define PROGRAM_TICKS (FLASH_TIMER_HZ / 1000u)
#define ERASE_TICKS (FLASH_TIMER_HZ * 5u)

static void command(uint8_t what)
{
    FLASH_BYTE(UNLOCK_1) = 0xAAu;
    FLASH_BYTE(UNLOCK_2) = 0x55u;
    FLASH_BYTE(UNLOCK_1) = what;
}

/* Data polling: the byte reads as it shall be when the work is done. */
static bool becomes(uint32_t address, uint8_t wanted, uint32_t longest)
{
    const uint32_t began = TIMER_LOW;
    while (FLASH_BYTE(address) != wanted) {
        if (TIMER_LOW - began > longest) {
            FLASH_BYTE(0u) = COMMAND_RESET;
            return false;
        }
    }
    return true;
}

static bool read_flash(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0u; i < count; ++i) {
        bytes[i] = FLASH_BYTE(address + i);
    }
    return true;
}

static bool program_flash(void *context, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    (void)context;
    for (uint32_t i = 0u; i < count; ++i) {
        if (bytes[i] == HIL_STORAGE_ERASED) {
            continue;
        }
        command(COMMAND_PROGRAM);
        FLASH_BYTE(address + i) = bytes[i];
        if (!becomes(address + i, bytes[i], PROGRAM_TICKS)) {
            return false;
        }
    }
    return true;
}

static bool erase_flash(void *context, uint32_t address)
{
    (void)context;
    command(COMMAND_ERASE);
    FLASH_BYTE(UNLOCK_1) = 0xAAu;
    FLASH_BYTE(UNLOCK_2) = 0x55u;
    FLASH_BYTE(address) = COMMAND_ERASE_SECTOR;
    return becomes(address, HIL_STORAGE_ERASED, ERASE_TICKS);
}

const hil_storage *flash_open(void)
{
    static const hil_storage storage = {.bytes = SECTORS * SECTOR_BYTES,
                                        .sector_bytes = SECTOR_BYTES,
                                        .program_bytes = 1u,
                                        .read = read_flash,
                                        .program = program_flash,
                                        .erase = erase_flash};
    FLASH_BYTE(0u) = COMMAND_RESET;
    FLASH_BYTE(QUERY) = COMMAND_QUERY;
    const bool answers = FLASH_BYTE(QUERY_ANSWER) == 'Q' && FLASH_BYTE(QUERY_ANSWER + 1u) == 'R' &&
                         FLASH_BYTE(QUERY_ANSWER + 2u) == 'Y';
    FLASH_BYTE(0u) = COMMAND_RESET;
    return answers ? &storage : NULL;
}
