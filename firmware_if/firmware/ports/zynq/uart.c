#include "uart.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "cpu.h"
#include "registers.h"
#include "watchdog.h"

#define RECEIVE_MASK (UART_RECEIVE_BYTES - 1u)
#define REPORT_LOOKS 1000000u /* for room, of a fault handler, which a restart may follow: a byte takes far fewer */
#define TRANSMIT_MASK (UART_TRANSMIT_BYTES - 1u)
#define RECEIVE_INTERRUPTS (UART_RX_TRIGGER | UART_RX_FULL | UART_RX_OVERRUN)

_Static_assert((UART_RECEIVE_BYTES & RECEIVE_MASK) == 0u, "the index wraps by a mask");
_Static_assert((UART_TRANSMIT_BYTES & TRANSMIT_MASK) == 0u, "the index wraps by a mask");

/* Indices run freely and wrap at 2^32; each has one writer. The handler writes received.head and sending.tail
 * (the latter also main, with interrupts masked). One core: a fence for the compiler is enough. */
static struct {
    uint8_t bytes[UART_RECEIVE_BYTES];
    volatile uint32_t head;
    volatile uint32_t tail;
    volatile uint32_t overruns;
} received;

static struct {
    uint8_t bytes[UART_TRANSMIT_BYTES];
    volatile uint32_t head;
    volatile uint32_t tail;
} sending;

static void fence(void)
{
    atomic_signal_fence(memory_order_seq_cst);
}

/* baud = clock / (generator * (divider + 1)), divider 4 to 255 (UG585, 19.2.3). */
static void set_baud(uint32_t clock_hz, uint32_t baud)
{
    uint32_t best_error = UINT32_MAX;
    for (uint32_t divider = 4u; divider <= 255u; ++divider) {
        const uint32_t step = baud * (divider + 1u);
        const uint32_t generator = (clock_hz + step / 2u) / step;
        if (generator == 0u || generator > 65535u) {
            continue;
        }
        const uint32_t real = clock_hz / (generator * (divider + 1u));
        const uint32_t error = real > baud ? real - baud : baud - real;
        if (error < best_error) {
            best_error = error;
            UART_BAUD_GENERATOR = generator;
            UART_BAUD_DIVIDER = divider;
        }
    }
}

void uart_start(uint32_t clock_hz, uint32_t baud)
{
    UART_CONTROL = UART_CONTROL_DISABLE;
    UART_INTERRUPT_DISABLE = UINT32_MAX;
    set_baud(clock_hz, baud);
    UART_MODE = UART_MODE_8N1;
    UART_CONTROL = UART_CONTROL_DISABLE | UART_CONTROL_RESET;
    while ((UART_CONTROL & UART_CONTROL_RESET) != 0u) {
    }
    /* Level 1: higher levels brought no speed in QEMU and leave the tail of a message waiting. */
    UART_RECEIVE_TRIGGER = 1u;
    UART_RECEIVE_TIMEOUT = 0u;
    UART_INTERRUPT_STATUS = UINT32_MAX;
    UART_INTERRUPT_ENABLE = RECEIVE_INTERRUPTS;
    UART_CONTROL = UART_CONTROL_ENABLE;
}

/* A full FIFO is read without looking again: one register access a byte instead of two. */
static uint32_t waiting_in_fifo(void)
{
    const uint32_t status = UART_STATUS;
    if ((status & UART_RX_FULL) != 0u) {
        return UART_FIFO_BYTES;
    }
    return (status & UART_RX_EMPTY) != 0u ? 0u : 1u;
}

static void take(uint32_t count)
{
    uint32_t head = received.head;
    const uint32_t tail = received.tail;
    for (; count > 0u; --count) {
        const uint8_t byte = (uint8_t)UART_FIFO;
        if (head - tail < UART_RECEIVE_BYTES) {
            received.bytes[head & RECEIVE_MASK] = byte;
            ++head;
        } else {
            ++received.overruns;
        }
    }
    fence();
    received.head = head;
}

/* Cleared after reading and looked at once more: the status bits latch, and clearing first would ask for a second,
 * empty interrupt in QEMU; a byte that arrives after the last look latches anew. */
static void serve_receiver(void)
{
    uint32_t count = waiting_in_fifo();
    do {
        for (; count > 0u; count = waiting_in_fifo()) {
            take(count);
        }
        UART_INTERRUPT_STATUS = UART_RX_TRIGGER | UART_RX_FULL;
        count = waiting_in_fifo();
    } while (count > 0u);
}

/* Moves what fits from the ring into the FIFO, with interrupts masked. TX_EMPTY latches when the FIFO runs empty:
 * cleared before filling, it is sure to be set again by what was filled in. */
static void serve_transmitter(void)
{
    uint32_t tail = sending.tail;
    const uint32_t head = sending.head;
    UART_INTERRUPT_STATUS = UART_TX_EMPTY;
    while (tail != head && (UART_STATUS & UART_TX_FULL) == 0u) {
        UART_FIFO = sending.bytes[tail & TRANSMIT_MASK];
        ++tail;
    }
    fence();
    sending.tail = tail;
    if (tail == head) {
        UART_INTERRUPT_DISABLE = UART_TX_EMPTY;
    } else {
        UART_INTERRUPT_ENABLE = UART_TX_EMPTY;
    }
}

void uart_interrupt(void)
{
    if ((UART_INTERRUPT_STATUS & UART_RX_OVERRUN) != 0u) {
        UART_INTERRUPT_STATUS = UART_RX_OVERRUN;
        ++received.overruns;
    }
    serve_receiver();
    if ((UART_INTERRUPT_MASK & UART_TX_EMPTY) != 0u) {
        serve_transmitter();
    }
}

size_t uart_receive(uint8_t *bytes, size_t capacity)
{
    const uint32_t tail = received.tail;
    const uint32_t waiting = received.head - tail;
    const uint32_t count = capacity < waiting ? (uint32_t)capacity : waiting;
    const uint32_t start = tail & RECEIVE_MASK;
    const uint32_t to_end = UART_RECEIVE_BYTES - start;
    const uint32_t first = count < to_end ? count : to_end;
    fence();
    memcpy(bytes, received.bytes + start, first);
    memcpy(bytes + first, received.bytes, count - first);
    fence();
    received.tail = tail + count;
    return count;
}

uint32_t uart_overruns(void)
{
    return received.overruns;
}

void uart_wait(void)
{
    while (received.head == received.tail) {
        const uint32_t saved = cpu_mask_interrupts();
        if (received.head == received.tail) {
            cpu_sleep();
        }
        cpu_restore_interrupts(saved);
    }
}

/* With an empty ring the bytes go straight into the FIFO: a QEMU FIFO drains at once, so this is nearly all of them. */
static size_t fill_fifo(const uint8_t *bytes, size_t count)
{
    size_t sent = 0;
    while (sent < count) {
        const uint32_t status = UART_STATUS;
        if ((status & UART_TX_FULL) != 0u) {
            break;
        }
        const size_t room = (status & UART_TX_EMPTY) != 0u ? UART_FIFO_BYTES : 1u;
        const size_t stop = count - sent < room ? count : sent + room;
        for (; sent < stop; ++sent) {
            UART_FIFO = bytes[sent];
        }
    }
    return sent;
}

static size_t fill_ring(const uint8_t *bytes, size_t count)
{
    uint32_t head = sending.head;
    size_t queued = 0;
    for (; queued < count && head - sending.tail < UART_TRANSMIT_BYTES; ++queued) {
        sending.bytes[head & TRANSMIT_MASK] = bytes[queued];
        ++head;
    }
    const uint32_t saved = cpu_mask_interrupts();
    sending.head = head;
    serve_transmitter();
    cpu_restore_interrupts(saved);
    return queued;
}

/* However long the line takes; what loops here instead of sleeping is still ended by the watchdog. */
static void sleep_unwatched(void)
{
    if (HIL_PROTECTION) {
        watchdog_pause();
    }
    cpu_sleep();
    if (HIL_PROTECTION) {
        watchdog_resume();
    }
}

void uart_transmit(const uint8_t *bytes, size_t count)
{
    size_t done = 0;
    if (sending.head == sending.tail) {
        done = fill_fifo(bytes, count);
    }
    while (done < count) {
        done += fill_ring(bytes + done, count - done);
        const uint32_t saved = cpu_mask_interrupts();
        if (done < count && sending.head - sending.tail == UART_TRANSMIT_BYTES) {
            sleep_unwatched();
        }
        cpu_restore_interrupts(saved);
    }
}

void uart_report(const char *text)
{
    UART_INTERRUPT_DISABLE = UINT32_MAX;
    for (; *text != '\0'; ++text) {
        for (uint32_t looks = 0u; (UART_STATUS & UART_TX_FULL) != 0u; ++looks) {
            if (looks == REPORT_LOOKS) {
                return;
            }
        }
        UART_FIFO = (uint8_t)*text;
    }
}
