/* What an exception that nobody expects ends in: one line on the console, then sleep for good. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "keep.h"
#include "registers.h"
#include "uart.h"

_Noreturn void mps2_fault(uint32_t exception, const uint32_t *frame);

/* Set by link.ld. */
extern const uint32_t mps2_ram_low[];
extern const uint32_t mps2_ram_top[];

/* The fault status register (CFSR): a byte of memory management, a byte of bus and 16 bits of usage faults. */
#define MEMORY_MASK 0x000000FFu
#define MEMORY_STACKING (1u << 4)
#define MEMORY_ADDRESS_VALID (1u << 7)
#define BUS_MASK 0x0000FF00u
#define BUS_STACKING (1u << 12)
#define BUS_ADDRESS_VALID (1u << 15)
#define USAGE_MASK 0xFFFF0000u

#define FRAME_WORDS 8u
#define FRAME_PC 6u
#define FIRST_INTERRUPT 16u

/* By what the status says, as a fault while interrupts are masked always arrives as a hard fault. */
static const char *kind_of(uint32_t exception, uint32_t status, const uint32_t *frame)
{
    /* QEMU lets writes below the SRAM pass, so an overflow may show only later. */
    if (frame < mps2_ram_low || (status & (MEMORY_STACKING | BUS_STACKING)) != 0u) {
        return "stack overflow";
    }
    if ((status & MEMORY_MASK) != 0u) {
        return "memory management";
    }
    if ((status & BUS_MASK) != 0u) {
        return "bus error";
    }
    if ((status & USAGE_MASK) != 0u) {
        return "usage error";
    }
    if (exception >= FIRST_INTERRUPT) {
        return "unexpected interrupt";
    }
    return exception == 3u ? "hard fault" : "unexpected exception";
}

static void report_number(const char *label, uint32_t value)
{
    char digits[11] = "0x00000000";
    for (uint32_t place = 0u; place < 8u; ++place) {
        digits[9u - place] = "0123456789abcdef"[(value >> (4u * place)) & 15u];
    }
    uart_report(label);
    uart_report(digits);
}

/* A frame that could not be pushed lies where nothing can be read. */
static bool is_readable(const uint32_t *frame)
{
    const uintptr_t at = (uintptr_t)frame;
    return at % 4u == 0u && at >= (uintptr_t)mps2_ram_low && at + 4u * FRAME_WORDS <= (uintptr_t)mps2_ram_top;
}

_Noreturn void mps2_fault(uint32_t exception, const uint32_t *frame)
{
    const uint32_t status = SCB_FAULT_STATUS;
    uart_report("\nfault: ");
    uart_report(kind_of(exception, status, frame));
    if (is_readable(frame) && (status & (MEMORY_STACKING | BUS_STACKING)) == 0u) {
        report_number(" pc=", frame[FRAME_PC]);
    } else {
        report_number(" sp=", (uint32_t)(uintptr_t)frame);
    }
    if ((status & MEMORY_ADDRESS_VALID) != 0u) {
        report_number(" address=", SCB_MEMORY_ADDRESS);
    } else if ((status & BUS_ADDRESS_VALID) != 0u) {
        report_number(" address=", SCB_BUS_ADDRESS);
    }
    report_number(" status=", status);
    report_number(" exception=", exception);
    uart_report("\n");
    if (HIL_PROTECTION) {
        watchdog_bite();
    }
    for (;;) {
        __asm__ volatile("wfi");
    }
}
