/* The port for Arm's MPS2 boards with a Cortex-M. Verified on QEMU's mps2-an386 and mps2-an500, not on silicon. */
#include "port.h"

#include "cpu.h"
#include "interrupt.h"
#include "keep.h"
#include "payload.h"
#include "registers.h"
#include "uart.h"

_Noreturn void mps2_main(void);

/* Set by link.ld. */
extern uint32_t mps2_stack_low[];
extern const uint32_t mps2_stack_top[];
extern uint32_t mps2_handler_stack_low[];
extern const uint32_t mps2_handler_stack_top[];

#define COUNTS_PER_100HZ (FPGAIO_COUNTER_HZ / 100u)
#define COUNTS_PER_US ((int32_t)(FPGAIO_COUNTER_HZ / 1000000u))

/* Both counters began at 0 together, though not in phase: the slow one says how often the fast one, which wraps after
 * 172 s, has wrapped, and may be up to one count ahead. No timer of QEMU's runs for either. */
static uint64_t uptime_us(void *context)
{
    (void)context;
    const uint32_t hundredths = FPGAIO_COUNT_100HZ;
    const int32_t since = (int32_t)(FPGAIO_COUNTER - hundredths * COUNTS_PER_100HZ);
    return (uint64_t)((int64_t)hundredths * 10000 + since / COUNTS_PER_US);
}

static uint32_t ticks(void *context)
{
    (void)context;
    return FPGAIO_COUNTER;
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

static void watch(void *context, hil_watch what)
{
    (void)context;
    watchdog_arm(what == HIL_WATCH_WORK);
}

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

/* Under -icount every cold start reads the same counters and the same empty memory. Warm starts differ by the count;
 * an emulator that wants cold starts to differ too writes the word: -device loader,addr=0x203FFFFC,data=N,data-len=4. */
static uint32_t entropy(void *context)
{
    (void)context;
    uint32_t hash = 2166136261u; /* FNV-1a, by words */
    const uint32_t parts[] = {START_COUNT, FPGAIO_COUNTER, interrupt_count()};
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
    SCB_RESET = SCB_RESET_REQUEST;
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
    /* An instruction lasts 128 ns under -icount shift=7, which is 3.2 counts of 40 ns: 5/16 instructions each. */
    port->clock_kind = HIL_CLOCK_KIND_INSTRUCTIONS;
    port->clock_rate_hz = 0u;
    port->tick_factor = 5u;
    port->tick_shift = 4u;
    port->receive_bytes = UART_RECEIVE_BYTES;
    port->stack = (hil_stack){mps2_stack_low, bytes_between(mps2_stack_low, mps2_stack_top)};
    port->handler_stack =
        (hil_stack){mps2_handler_stack_low, bytes_between(mps2_handler_stack_low, mps2_handler_stack_top)};
}

/* Called by startup.S with interrupts masked. */
_Noreturn void mps2_main(void)
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
        .watch = HIL_PROTECTION ? watch : NULL,
    };
    port.context = &port;
    describe(&port);
    port.storage = HIL_PROTECTION ? kept_storage() : NULL;
    START_COUNT = START_COUNT + 1u;
    port.started_by_watchdog = watchdog_open(&port);
    FPGAIO_PRESCALE = 0u;
    FPGAIO_COUNT_100HZ = 0u;
    FPGAIO_COUNTER = 0u;
    interrupt_start();
    uart_start(UART_BAUD);
    cpu_restore_interrupts(0u);
    payload_main(&port);
    for (;;) {
        cpu_sleep();
    }
}
