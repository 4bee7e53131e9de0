/* What an exception that nobody expects ends in: one line on the console, then sleep for good. */
#include <stdint.h>

#include "uart.h"
#include "watchdog.h"

_Noreturn void zynq_fault(uint32_t kind, uint32_t pc);

/* In the order of startup.S. */
static const char *const kinds[] = {"undefined instruction", "supervisor call", "prefetch abort", "data abort",
                                    "fast interrupt"};

static void report_number(const char *label, uint32_t value)
{
    char digits[11] = "0x00000000";
    for (uint32_t place = 0u; place < 8u; ++place) {
        digits[9u - place] = "0123456789abcdef"[(value >> (4u * place)) & 15u];
    }
    uart_report(label);
    uart_report(digits);
}

/* The fault address and status registers hold what belongs to this fault only after an abort. */
_Noreturn void zynq_fault(uint32_t kind, uint32_t pc)
{
    uint32_t address = 0u;
    uint32_t status = 0u;
    uart_report("\nfault: ");
    uart_report(kinds[kind]);
    report_number(" pc=", pc);
    if (kind == 2u) {
        __asm__ volatile("mrc p15, 0, %0, c6, c0, 2\n\tmrc p15, 0, %1, c5, c0, 1" : "=r"(address), "=r"(status));
    } else if (kind == 3u) {
        __asm__ volatile("mrc p15, 0, %0, c6, c0, 0\n\tmrc p15, 0, %1, c5, c0, 0" : "=r"(address), "=r"(status));
    }
    if (kind == 2u || kind == 3u) {
        report_number(" address=", address);
        report_number(" status=", status);
    }
    uart_report("\n");
    watchdog_bite();
    for (;;) {
        __asm__ volatile("wfi");
    }
}
