/* The port for Zynq-7000. Verified on QEMU's xilinx-zynq-a9. Not verified on silicon: everything that ZYNQ_CPU_HZ
 * selects, the UART's rate, and the restart, which there runs the boot ROM and needs a boot image to come back. */
#include "port.h"

#include "cpu.h"
#include "flash.h"
#include "interrupt.h"
#include "payload.h"
#include "registers.h"
#include "uart.h"
#include "watchdog.h"

_Noreturn void zynq_main(void);

/* Set by link.ld. */
extern uint32_t zynq_stack_low[];
extern const uint32_t zynq_stack_top[];
extern uint32_t zynq_handler_stack_low[];
extern const uint32_t zynq_handler_stack_top[];

#ifdef ZYNQ_CPU_HZ
#define TIMER_HZ (ZYNQ_CPU_HZ / 2u) /* CPU_3x2x, half the core's clock in the 6:2:1 mode (UG585, 25.2) */
#else
#define TIMER_HZ 100000000u /* QEMU's a9_gtimer, whatever the core's clock */
#endif

static uint64_t timer(void)
{
    uint32_t high;
    uint32_t low;
    do {
        high = TIMER_HIGH;
        low = TIMER_LOW;
    } while (high != TIMER_HIGH);
    return ((uint64_t)high << 32) | low;
}

static uint64_t uptime_us(void *context)
{
    (void)context;
    const uint64_t now = timer();
    return now / TIMER_HZ * 1000000u + now % TIMER_HZ * 1000000u / TIMER_HZ;
}

#ifdef ZYNQ_CPU_HZ

static void start_ticks(void)
{
    __asm__ volatile("mcr p15, 0, %0, c9, c12, 0" : : "r"(5u));        /* PMCR: enable, clear the cycle counter */
    __asm__ volatile("mcr p15, 0, %0, c9, c12, 1" : : "r"(1u << 31u)); /* PMCNTENSET: the cycle counter */
}

static uint32_t ticks(void *context)
{
    uint32_t cycles;
    (void)context;
    __asm__ volatile("isb\n\tmrc p15, 0, %0, c9, c13, 0" : "=r"(cycles) : : "memory");
    return cycles;
}

/* The UART waits for nobody here: a measured step must not keep its handler away. */
static uint32_t mask(void *context)
{
    (void)context;
    return 0u;
}

static void unmask(void *context, uint32_t saved)
{
    (void)context;
    (void)saved;
}

#else

static void start_ticks(void)
{
}

static uint32_t ticks(void *context)
{
    (void)context;
    return TIMER_LOW;
}

static uint32_t mask(void *context)
{
    (void)context;
    return cpu_mask_interrupts();
}

static void unmask(void *context, uint32_t saved)
{
    (void)context;
    cpu_restore_interrupts(saved);
}

#endif

static size_t receive(void *context, uint8_t *bytes, size_t capacity)
{
    hil_port *port = context;
    port->receive_overruns = uart_overruns();
    return uart_receive(bytes, capacity);
}

static void transmit(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    uart_transmit(bytes, count);
}

#ifndef ZYNQ_CPU_HZ
static void watch(void *context, hil_watch what)
{
    (void)context;
    watchdog_arm(what == HIL_WATCH_WORK);
}
#endif

static void wait(void *context)
{
    (void)context;
    uart_wait();
}

static uint32_t interrupts(void *context)
{
    (void)context;
    return interrupt_count();
}

/* Under -icount every cold start reads the same timer and the same empty memory. Warm starts differ by the count;
 * an emulator that wants cold starts to differ too writes the word: -device loader,addr=0xFFFFE000,data=N,data-len=4. */
static uint32_t entropy(void *context)
{
    (void)context;
    uint32_t hash = 2166136261u; /* FNV-1a, by words */
    const uint32_t parts[] = {OCM_START_COUNT, TIMER_LOW, TIMER_HIGH, interrupt_count()};
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; ++i) {
        hash = (hash ^ parts[i]) * 16777619u;
        hash ^= hash >> 15;
    }
    return hash;
}

static void restart(void *context)
{
    (void)context;
    (void)cpu_mask_interrupts();
    SLCR_UNLOCK = SLCR_UNLOCK_KEY;
    SLCR_RESET = 1u;
    for (;;) {
        cpu_sleep();
    }
}

static uint32_t bytes_between(const uint32_t *low, const uint32_t *top)
{
    return (uint32_t)((uintptr_t)top - (uintptr_t)low);
}

static void describe(hil_port *port)
{
    port->name = HIL_TARGET_NAME;
#ifdef ZYNQ_CPU_HZ
    port->clock_kind = HIL_CLOCK_KIND_CYCLES;
    port->clock_rate_hz = ZYNQ_CPU_HZ;
    port->tick_factor = 1u;
    port->tick_shift = 0u;
#else
    /* An instruction lasts 64 ns under -icount shift=6, which is 6.4 ticks of 10 ns: 5/32 instructions each. */
    port->clock_kind = HIL_CLOCK_KIND_INSTRUCTIONS;
    port->clock_rate_hz = 0u;
    port->tick_factor = 5u;
    port->tick_shift = 5u;
#endif
    port->receive_bytes = UART_RECEIVE_BYTES;
    port->stack = (hil_stack){zynq_stack_low, bytes_between(zynq_stack_low, zynq_stack_top)};
    port->handler_stack =
        (hil_stack){zynq_handler_stack_low, bytes_between(zynq_handler_stack_low, zynq_handler_stack_top)};
}

/* Called by startup.S with interrupts masked. */
_Noreturn void zynq_main(void)
{
    static hil_port port = {
        .receive = receive,
        .transmit = transmit,
        .wait = wait,
        .ticks = ticks,
        .uptime_us = uptime_us,
        .mask = mask,
        .unmask = unmask,
        .interrupts = interrupts,
        .entropy = entropy,
        .restart = restart,
    };
    port.context = &port;
    describe(&port);
#ifndef ZYNQ_CPU_HZ
    port.storage = HIL_PROTECTION ? flash_open() : NULL;
    port.watch = HIL_PROTECTION ? watch : NULL;
#endif
    port.started_by_watchdog = watchdog_open(&port);
    OCM_START_COUNT = OCM_START_COUNT + 1u;
    TIMER_CONTROL = 0u;
    TIMER_LOW = 0u;
    TIMER_HIGH = 0u;
    TIMER_CONTROL = 1u; /* counts; no comparison, so it never wakes the core */
    start_ticks();
    interrupt_start();
    uart_start(UART_CLOCK_HZ, UART_BAUD);
    cpu_restore_interrupts(0u);
    payload_main(&port);
    for (;;) {
        cpu_sleep();
    }
}
