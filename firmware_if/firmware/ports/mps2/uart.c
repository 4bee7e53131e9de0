#include "uart.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "cpu.h"
#include "keep.h"
#include "registers.h"

#define RECEIVE_MASK (UART_RECEIVE_BYTES - 1u)
#define REPORT_LOOKS 1000000u /* for room, of a fault handler, which a restart may follow: a byte takes far fewer */
#define TRANSMIT_MASK (UART_TRANSMIT_BYTES - 1u)
#define CONTROL_BASE (UART_CONTROL_TX | UART_CONTROL_RX | UART_CONTROL_RX_INTERRUPT)

_Static_assert((UART_RECEIVE_BYTES & RECEIVE_MASK) == 0u, "the index wraps by a mask");
_Static_assert((UART_TRANSMIT_BYTES & TRANSMIT_MASK) == 0u, "the index wraps by a mask");

/* Indices run freely and wrap at 2^32; each has one writer. The handlers write received.head and sending.tail
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

/* The read that follows is what wakes QEMU's own loop: without it, bytes that the host sent before are never fetched.
 * On silicon it empties the register of what was received before. */
void uart_start(uint32_t baud)
{
    UART_CONTROL = 0u;
    UART_BAUD_DIVIDER = (UART_CLOCK_HZ + baud / 2u) / baud; /* at least 16 */
    UART_STATE = UART_STATE_RX_OVERRUN;
    UART_INTERRUPT = UART_INTERRUPT_TX | UART_INTERRUPT_RX;
    UART_CONTROL = CONTROL_BASE;
    (void)UART_DATA;
}

/* The interrupt is cleared before the byte is read: reading lets the next byte in, whose interrupt would be lost. */
void uart_received(void)
{
    UART_INTERRUPT = UART_INTERRUPT_RX;
    const uint32_t state = UART_STATE;
    if ((state & UART_STATE_RX_OVERRUN) != 0u) {
        UART_STATE = UART_STATE_RX_OVERRUN;
        ++received.overruns;
    }
    if ((state & UART_STATE_RX_FULL) == 0u) {
        return;
    }
    const uint8_t byte = (uint8_t)UART_DATA;
    const uint32_t head = received.head;
    if (head - received.tail < UART_RECEIVE_BYTES) {
        received.bytes[head & RECEIVE_MASK] = byte;
        fence();
        received.head = head + 1u;
    } else {
        ++received.overruns;
    }
}

/* Moves what fits from the ring into the UART, with interrupts masked. The interrupt comes on before the first byte
 * goes out: a byte that leaves before it was on would never be followed by the next. */
static void serve_transmitter(void)
{
    uint32_t tail = sending.tail;
    const uint32_t head = sending.head;
    UART_CONTROL = CONTROL_BASE | UART_CONTROL_TX_INTERRUPT;
    UART_INTERRUPT = UART_INTERRUPT_TX;
    while (tail != head && (UART_STATE & UART_STATE_TX_FULL) == 0u) {
        UART_DATA = sending.bytes[tail & TRANSMIT_MASK];
        ++tail;
    }
    fence();
    sending.tail = tail;
    if (tail == head) {
        UART_CONTROL = CONTROL_BASE;
        UART_INTERRUPT = UART_INTERRUPT_TX;
    }
}

void uart_sent(void)
{
    serve_transmitter();
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

/* With an empty ring the bytes go straight out: QEMU's UART is ready again at once, so this is nearly all of them. */
static size_t send_directly(const uint8_t *bytes, size_t count)
{
    size_t sent = 0;
    while (sent < count && (UART_STATE & UART_STATE_TX_FULL) == 0u) {
        UART_DATA = bytes[sent];
        ++sent;
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
        done = send_directly(bytes, count);
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
    UART_CONTROL = UART_CONTROL_TX;
    for (; *text != '\0'; ++text) {
        for (uint32_t looks = 0u; (UART_STATE & UART_STATE_TX_FULL) != 0u; ++looks) {
            if (looks == REPORT_LOOKS) {
                return;
            }
        }
        UART_DATA = (uint8_t)*text;
    }
}
