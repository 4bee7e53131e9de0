/* The port for a native process. It ends, with 0, when the bench closes the connection or ends itself. */
#include "port.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "host_storage.h"
#include "options.h"
#include "payload.h"
#include "queue.h"

typedef struct {
    host_options options;
    host_queue queue;
    host_storage storage;
    uint64_t started_ns;
    hil_port port;
} host;

_Noreturn static void fail(const char *what)
{
    (void)fprintf(stderr, "payload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fill(host *self)
{
    const host_queue_state state =
        host_queue_fill(&self->queue, self->options.descriptor, self->options.backpressure);
    self->port.receive_overruns = self->queue.overruns;
    if (state == HOST_QUEUE_BROKEN) {
        fail("cannot receive");
    }
    if (state == HOST_QUEUE_ENDED && self->queue.count == 0u) {
        exit(0);
    }
}

static void wait_for(const host *self, short events)
{
    struct pollfd entry = {.fd = self->options.descriptor, .events = events};
    if (poll(&entry, 1, -1) < 0 && errno != EINTR) {
        fail("cannot wait");
    }
}

static size_t receive(void *context, uint8_t *bytes, size_t capacity)
{
    host *self = context;
    fill(self);
    return host_queue_take(&self->queue, bytes, capacity);
}

static void wait(void *context)
{
    host *self = context;
    for (fill(self); self->queue.count == 0u; fill(self)) {
        wait_for(self, POLLIN);
    }
}

/* While it waits for room it goes on receiving, as a board's handler does: otherwise two full pipes would wait for
 * each other. */
static void transmit(void *context, const uint8_t *bytes, size_t count)
{
    host *self = context;
    while (count > 0u) {
        const ssize_t sent = write(self->options.descriptor, bytes, count);
        if (sent >= 0) {
            bytes += sent;
            count -= (size_t)sent;
        } else if (errno == EPIPE || errno == ECONNRESET || errno == EIO) {
            exit(0);
        } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
            const bool room = self->queue.count < HOST_QUEUE_BYTES || !self->options.backpressure;
            wait_for(self, room ? POLLIN | POLLOUT : POLLOUT);
            fill(self);
        } else if (errno != EINTR) {
            fail("cannot transmit");
        }
    }
}

static uint32_t ticks(void *context)
{
    (void)context;
    return (uint32_t)now_ns();
}

static uint64_t uptime_us(void *context)
{
    const host *self = context;
    return (now_ns() - self->started_ns) / 1000u;
}

static uint32_t entropy(void *context)
{
    uint32_t number = 0u;
    (void)context;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        fail("no random numbers");
    }
    return number;
}

static void restart(void *context)
{
    const host *self = context;
    host_execute_again(&self->options, false);
}

static const host_options *watched; /* for the handler of SIGALRM */

static void bite(int number)
{
    (void)number;
    host_execute_again(watched, true);
}

/* A process that sleeps is woken by the line alone: the watchdog sleeps with it. */
static void watch(void *context, hil_watch what)
{
    const host *self = context;
    (void)alarm(what == HIL_WATCH_SLEEP ? 0u : self->options.watchdog_s);
}

/* SA_NODEFER: it starts the process anew with the signal as it found it, or the next start would never be watched. */
static void start_watchdog(host *self)
{
    struct sigaction action = {.sa_handler = bite, .sa_flags = SA_NODEFER};
    watched = &self->options;
    if (sigaction(SIGALRM, &action, NULL) != 0) {
        fail("no watchdog");
    }
    self->port.watch = watch;
}

int main(int count, char **words)
{
    static host self = {
        .port =
            {
                .context = &self,
                .receive = receive,
                .transmit = transmit,
                .wait = wait,
                .ticks = ticks,
                .uptime_us = uptime_us,
                .mask = hil_mask_nothing,
                .unmask = hil_unmask_nothing,
                .interrupts = hil_no_interrupts,
                .entropy = entropy,
                .restart = restart,
                .name = HIL_TARGET_NAME,
                .clock_kind = HIL_CLOCK_KIND_HOST,
                .clock_rate_hz = 1000000000u,
                .tick_factor = 1u,
                .tick_shift = 0u,
                .receive_bytes = HOST_QUEUE_BYTES,
            },
    };
    /* Linux: fires when the thread that started us ends, so the bench starts us from one that stays. */
    const pid_t parent = getppid();
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) {
        return 0;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    self.options = host_read_options(count, words);
    if (self.options.storage != NULL) {
        if (!host_storage_open(&self.storage, self.options.storage)) {
            fail(self.options.storage);
        }
        self.port.storage = &self.storage.storage;
    }
    if (self.options.watchdog_s != 0u) {
        start_watchdog(&self);
    }
    self.port.started_by_watchdog = self.options.watchdog_start;
    self.started_ns = now_ns();
    payload_main(&self.port);
    return 0;
}
