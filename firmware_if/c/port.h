/* The only road from the portable code to hardware: one struct of callbacks and facts, owned by the port.
 *
 * Every callback gets `context` back. None of them is called from an interrupt handler. All times and sizes are
 * in the unit that the name says. A port that lacks a thing says so with the value given here, never with a guess.
 */
#ifndef HIL_PORT_H
#define HIL_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage.h"
#include "wire.h"

/* 0: a build without guards of models, checkpoints and watchdog. Their telecommands are unknown to it, nothing refers to
 * their code, which the linker drops (-ffunction-sections, --gc-sections), and a port need not offer storage nor watch. */
#ifndef HIL_PROTECTION
#define HIL_PROTECTION 1
#endif

/* A stack painted with HIL_STACK_PAINT before use. `low` is the lowest address, grows down from low + bytes.
 * ResetBank paints it anew: `stack` where the service runs on it, `handler_stack` where it does not.
 * bytes = 0: this port does not paint, the peak is reported as unmeasured. */
typedef struct {
    uint32_t *low;
    uint32_t bytes;
} hil_stack;

#define HIL_STACK_PAINT 0xA5C3A5C3u

typedef enum { HIL_WATCH_WORK = 0, HIL_WATCH_SLEEP = 1 } hil_watch;

typedef struct hil_port {
    void *context;

    /* Copies at most `capacity` received bytes and returns how many; 0 when there are none. Never waits. */
    size_t (*receive)(void *context, uint8_t *bytes, size_t capacity);

    /* Queues all bytes for sending; sleeps while the queue is full. */
    void (*transmit)(void *context, const uint8_t *bytes, size_t count);

    /* Sleeps until a received byte waits (returns at once if one does). It may return early: whoever calls it looks
     * again. The service calls it only while the bench has not acknowledged what fills the send window, which may be
     * for long: firmware with other work, or a watchdog, goes on with it from here. */
    void (*wait)(void *context);

    /* Free-running meter counter, wraps at 2^32. counts = (ticks * tick_factor + 2^(tick_shift-1)) >> tick_shift. */
    uint32_t (*ticks)(void *context);

    /* Microseconds since start. */
    uint64_t (*uptime_us)(void *context);

    /* Masks interrupts and returns what restores them; both do nothing on a port that measures unmasked. */
    uint32_t (*mask)(void *context);
    void (*unmask)(void *context, uint32_t saved);

    /* Interrupts served since start, to tell how many fell inside a measured step. */
    uint32_t (*interrupts)(void *context);

    /* Any number that differs from start to start as well as this hardware can (the bench adds its own). */
    uint32_t (*entropy)(void *context);

    /* Starts the payload anew, as after power-on. Does not return. */
    void (*restart)(void *context);

    const char *name;          /* at most 15 bytes, the target it was built for */
    hil_clock_kind_value clock_kind; /* what one meter count is */
    uint32_t clock_rate_hz;    /* counts per second where the clock has a rate, else 0 */
    uint32_t tick_factor;      /* see ticks */
    uint32_t tick_shift;       /* at most 31; 0: one tick is one count */
    uint32_t receive_bytes;    /* capacity of the receive queue that the interrupt handler fills */
    uint32_t receive_overruns; /* bytes lost since start, that queue or the UART being full; the port updates it */
    hil_stack stack;           /* of main */
    hil_stack handler_stack;   /* of interrupt handlers */

    /* What outlives the power, for checkpoints; NULL: this port has nothing of the kind. */
    const hil_storage *storage;

    /* HIL_WATCH_WORK: something was done, the watchdog waits anew. HIL_WATCH_SLEEP: a sleep comes that only the line
     * ends, or the payload is watched no more. Called where the service has set `watching`. NULL: there is no watchdog. */
    void (*watch)(void *context, hil_watch watch);
    bool watching;
    bool started_by_watchdog; /* this start was forced */
} hil_port;

/* Something was done. */
static inline void hil_watch_work(const hil_port *port) {
    if (HIL_PROTECTION && port->watching) {
        port->watch(port->context, HIL_WATCH_WORK);
    }
}

/* Nothing is to be done until the line brings something. */
static inline void hil_watch_sleep(const hil_port *port) {
    if (HIL_PROTECTION && port->watching) {
        port->watch(port->context, HIL_WATCH_SLEEP);
    }
}

/* For a port that measures unmasked. */
static inline uint32_t hil_mask_nothing(void *context) {
    (void)context;
    return 0;
}

static inline void hil_unmask_nothing(void *context, uint32_t saved) {
    (void)context;
    (void)saved;
}

/* For a port without interrupts, or one that cannot count them. */
static inline uint32_t hil_no_interrupts(void *context) {
    (void)context;
    return 0;
}

#endif
