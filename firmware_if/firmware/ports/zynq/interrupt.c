#include "interrupt.h"

#include "registers.h"
#include "uart.h"
#include "watchdog.h"

void zynq_interrupt(void);

#define IDENTITY_MASK 0x3FFu
#define IDENTITY_SPURIOUS 1020u /* and above: nothing to end */
#define PRIORITY 0xA0u          /* any value above the mask's lowest, 0xF0 */

static volatile uint32_t served;

/* Priority and target registers hold one byte for each interrupt. */
static uint32_t replace_byte(uint32_t word, uint32_t interrupt, uint32_t value)
{
    const uint32_t shift = 8u * (interrupt % 4u);
    return (word & ~(0xFFu << shift)) | (value << shift);
}

void interrupt_start(void)
{
    GIC_CONTROL = 0u;
    for (uint32_t word = 0u; word < 3u; ++word) {
        GIC_DISABLE(word) = UINT32_MAX;
    }
    GIC_PRIORITIES(GIC_INTERRUPT_UART0) =
        replace_byte(GIC_PRIORITIES(GIC_INTERRUPT_UART0), GIC_INTERRUPT_UART0, PRIORITY);
    GIC_TARGETS(GIC_INTERRUPT_UART0) = replace_byte(GIC_TARGETS(GIC_INTERRUPT_UART0), GIC_INTERRUPT_UART0, 1u);
    GIC_ENABLE(GIC_INTERRUPT_UART0) = 1u << (GIC_INTERRUPT_UART0 % 32u);
    /* A private one: every core's own, always to this core. */
    GIC_PRIORITIES(GIC_INTERRUPT_WATCHDOG) =
        replace_byte(GIC_PRIORITIES(GIC_INTERRUPT_WATCHDOG), GIC_INTERRUPT_WATCHDOG, PRIORITY);
    GIC_ENABLE(GIC_INTERRUPT_WATCHDOG) = 1u << GIC_INTERRUPT_WATCHDOG;
    GIC_CPU_PRIORITY_MASK = 0xFFu;
    GIC_CPU_CONTROL = 1u;
    GIC_CONTROL = 1u;
}

uint32_t interrupt_count(void)
{
    return served;
}

/* Called by startup.S on the handlers' stack. */
void zynq_interrupt(void)
{
    const uint32_t acknowledged = GIC_CPU_ACKNOWLEDGE;
    const uint32_t identity = acknowledged & IDENTITY_MASK;
    if (identity >= IDENTITY_SPURIOUS) {
        return;
    }
    ++served;
    if (identity == GIC_INTERRUPT_UART0) {
        uart_interrupt();
    } else if (identity == GIC_INTERRUPT_WATCHDOG) {
        watchdog_bite();
    }
    GIC_CPU_END = acknowledged;
}
