/* A Cortex-M4F with one stack for everything, a tick of 1 ms and a UART: the MPS2 board as QEMU emulates it. */
#include <stdbool.h>
#include <string.h>

#include "board.h"

#define REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))
#define UART_DATA REGISTER(0x40004000u)
#define UART_STATE REGISTER(0x40004004u) /* bit 0 transmitter full, 1 receiver full, 3 overrun */
#define UART_CONTROL REGISTER(0x40004008u)
#define UART_CLEAR REGISTER(0x4000400Cu)
#define UART_DIVIDER REGISTER(0x40004010u)
#define FPGA_COUNTER REGISTER(0x40028018u)  /* 25 MHz */
#define FPGA_PRESCALE REGISTER(0x4002801Cu) /* of it */
#define TICK_CONTROL REGISTER(0xE000E010u)
#define TICK_RELOAD REGISTER(0xE000E014u)
#define INTERRUPT_ENABLE REGISTER(0xE000E100u)
#define FPU_ACCESS REGISTER(0xE000ED88u)
#define RESET REGISTER(0xE000ED0Cu)
#define DEBUG_CONTROL REGISTER(0xE000EDFCu)
#define DWT_CONTROL REGISTER(0xE0001000u)
#define DWT_CYCLES REGISTER(0xE0001004u)
#define CLOCK_HZ 25000000u
#define QUEUE_BYTES 2048u

extern uint32_t stack_low[], stack_top[], data_low[], data_top[], data_image[], bss_low[], bss_top[];
int main(int count, char **words);
_Noreturn void start(void);

static struct {
    uint8_t bytes[QUEUE_BYTES];
    volatile uint32_t head; /* written by the handler alone */
    volatile uint32_t tail; /* written by the main loop alone */
    volatile uint32_t overruns;
} queue;
static volatile uint32_t milliseconds, served;

static uint32_t mask(void *context)
{
    (void)context;
    uint32_t saved;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(saved) : : "memory");
    return saved;
}

static void unmask(void *context, uint32_t saved)
{
    (void)context;
    __asm__ volatile("msr primask, %0" : : "r"(saved) : "memory");
}

static void on_tick(void)
{
    served++;
    milliseconds++;
}

static void on_receive(void)
{
    served++;
    UART_CLEAR = 2u; /* before the byte is read: the next one would be missed otherwise */
    if ((UART_STATE & 8u) != 0) {
        UART_STATE = 8u;
        queue.overruns++;
    }
    const uint8_t byte = (uint8_t)UART_DATA;
    if (queue.head - queue.tail < QUEUE_BYTES) {
        queue.bytes[queue.head % QUEUE_BYTES] = byte;
        queue.head++;
    } else {
        queue.overruns++;
    }
}

static size_t receive(void *context, uint8_t *bytes, size_t capacity)
{
    hil_port *port = context;
    size_t count = 0;
    while (count < capacity && queue.tail != queue.head) {
        bytes[count++] = queue.bytes[queue.tail % QUEUE_BYTES];
        queue.tail++;
    }
    port->receive_overruns = queue.overruns;
    return count;
}

/* Waits for each byte, while reception goes on by its interrupt. A frame of 1 KiB lasts 89 ms at 115200 baud: where tasks
 * cannot wait so long, queue it here and let an interrupt handler or the DMA send it. */
static void transmit(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    for (size_t i = 0; i < count; i++) {
        while ((UART_STATE & 1u) != 0) {
        }
        UART_DATA = bytes[i];
    }
}

uint64_t board_time_us(void)
{
    return (uint64_t)milliseconds * 1000u; /* wraps after 49 days */
}

/* Looks and falls asleep with interrupts masked, or a byte that arrives between the two is slept over. */
void board_sleep_until(uint64_t time_us)
{
    const uint32_t saved = mask(NULL);
    while (queue.head == queue.tail && board_time_us() < time_us) {
        __asm__ volatile("dsb\n\twfi" : : : "memory"); /* what is pending wakes the core, masked or not */
        unmask(NULL, saved);
        (void)mask(NULL);
    }
    unmask(NULL, saved);
}

static uint64_t uptime_us(void *context)
{
    (void)context;
    return board_time_us();
}

static uint32_t interrupts(void *context)
{
    (void)context;
    return served;
}

static uint32_t entropy(void *context)
{
    (void)context;
    return FPGA_COUNTER ^ served << 20;
}

static void restart(void *context)
{
    (void)context;
    RESET = 0x05FA0004u;
    for (;;) {
    }
}

#if defined(METER_DWT)
/* A real core: cycles, and interrupts go on. */
static uint32_t ticks(void *context)
{
    (void)context;
    return DWT_CYCLES;
}

static void start_meter(hil_port *port)
{
    DEBUG_CONTROL |= 1u << 24;
    DWT_CYCLES = 0;
    DWT_CONTROL |= 1u;
    port->clock_kind = HIL_CLOCK_KIND_CYCLES;
    port->clock_rate_hz = CLOCK_HZ;
    port->tick_factor = 1;
    port->mask = hil_mask_nothing;
    port->unmask = hil_unmask_nothing;
}
#else
/* QEMU with -icount shift=7: an instruction lasts 128 ns, 3.2 counts of the 25 MHz counter. */
static uint32_t ticks(void *context)
{
    (void)context;
    return FPGA_COUNTER;
}

static void start_meter(hil_port *port)
{
    FPGA_PRESCALE = 0;
    FPGA_COUNTER = 0;
    port->clock_kind = HIL_CLOCK_KIND_INSTRUCTIONS;
    port->tick_factor = 5;
    port->tick_shift = 4;
    port->mask = mask;
    port->unmask = unmask;
}
#endif

hil_port *board_start(int count, char **words)
{
    (void)count;
    (void)words;
    static hil_port port = {
        .receive = receive,
        .transmit = transmit,
        .ticks = ticks,
        .uptime_us = uptime_us,
        .interrupts = interrupts,
        .entropy = entropy,
        .restart = restart,
        .name = "own-m4",
        .receive_bytes = QUEUE_BYTES,
    };
    port.context = &port;
    port.stack = (hil_stack){stack_low, (uint32_t)((uintptr_t)stack_top - (uintptr_t)stack_low)};
    start_meter(&port);
    TICK_RELOAD = CLOCK_HZ / 1000u - 1u;
    TICK_CONTROL = 7u;
    UART_DIVIDER = CLOCK_HZ / 115200u;
    UART_CONTROL = 0xBu; /* transmitter, receiver and its interrupt */
    INTERRUPT_ENABLE = 1u;
    (void)UART_DATA; /* QEMU fetches nothing before the first look */
    return &port;
}

/* The stack is painted up to where it is in use, so that its peak can be read. */
_Noreturn void start(void)
{
    FPU_ACCESS |= 0xFu << 20;
    __asm__ volatile("dsb\n\tisb" : : : "memory");
    for (volatile uint32_t *word = stack_low; word < (uint32_t *)__builtin_frame_address(0) - 8; word++) {
        *word = HIL_STACK_PAINT;
    }
    memcpy(data_low, data_image, (size_t)((uintptr_t)data_top - (uintptr_t)data_low));
    memset(bss_low, 0, (size_t)((uintptr_t)bss_top - (uintptr_t)bss_low));
    (void)main(0, NULL);
    for (;;) {
    }
}

static void on_fault(void)
{
    static const uint8_t text[] = "\nfault\n";
    transmit(NULL, text, sizeof text - 1u);
    for (;;) {
    }
}

typedef void (*handler)(void);
__attribute__((section(".vectors"), used)) static const struct {
    uint32_t *stack;
    handler handlers[16];
} VECTORS = {stack_top,
             {start, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault, on_fault,
              on_fault, on_fault, on_fault, on_tick, on_receive}};
