/* The board that is a process: for the desk, for sanitizers, for a build server. POSIX; restart needs Linux. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "board.h"

static int line;
static uint64_t started_ns;

_Noreturn static void fail(const char *what)
{
    (void)fprintf(stderr, "own-payload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t board_time_us(void)
{
    return (now_ns() - started_ns) / 1000u;
}

static void wait_for(short events, int timeout_ms)
{
    struct pollfd entry = {.fd = line, .events = events};
    if (poll(&entry, 1, timeout_ms) < 0 && errno != EINTR) {
        fail("cannot wait");
    }
}

void board_sleep_until(uint64_t time_us)
{
    const uint64_t now_us = board_time_us();
    if (time_us > now_us) {
        wait_for(POLLIN, (int)((time_us - now_us + 999u) / 1000u)); /* tasks are due within the second */
    }
}

static size_t receive(void *context, uint8_t *bytes, size_t capacity)
{
    (void)context;
    const ssize_t got = read(line, bytes, capacity);
    if (got == 0 || (got < 0 && (errno == EIO || errno == ECONNRESET))) {
        exit(0); /* the bench has gone; EIO: the other end of a pty */
    }
    if (got < 0 && errno != EAGAIN && errno != EINTR) {
        fail("cannot receive");
    }
    return got < 0 ? 0 : (size_t)got;
}

static void transmit(void *context, const uint8_t *bytes, size_t count)
{
    (void)context;
    while (count > 0) {
        const ssize_t sent = write(line, bytes, count);
        if (sent >= 0) {
            bytes += sent;
            count -= (size_t)sent;
        } else if (errno == EAGAIN) {
            wait_for(POLLOUT, -1);
        } else if (errno != EINTR) {
            exit(0); /* the bench has gone */
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
    (void)context;
    return board_time_us();
}

static uint32_t entropy(void *context)
{
    (void)context;
    return (uint32_t)now_ns() ^ (uint32_t)getpid() << 16;
}

static void restart(void *context)
{
    (void)context;
    char number[12];
    (void)snprintf(number, sizeof number, "%d", line);
    (void)execl("/proc/self/exe", "own-payload", "--fd", number, (char *)NULL);
    fail("cannot restart");
}

static int connect_to(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        fail(path);
    }
    return descriptor;
}

/* The bench starts its programs with --socket PATH, on which it listens. */
hil_port *board_start(int count, char **words)
{
    static hil_port port = {
        .receive = receive,
        .transmit = transmit,
        .ticks = ticks,
        .uptime_us = uptime_us,
        .mask = hil_mask_nothing,
        .unmask = hil_unmask_nothing,
        .interrupts = hil_no_interrupts,
        .entropy = entropy,
        .restart = restart,
        .name = "own-native",
        .clock_kind = HIL_CLOCK_KIND_HOST,
        .clock_rate_hz = 1000000000u,
        .tick_factor = 1,
        .receive_bytes = 4096, /* the kernel holds more, and holds the bench back */
    };
    if (count != 3 || (strcmp(words[1], "--socket") != 0 && strcmp(words[1], "--fd") != 0)) {
        (void)fputs("usage: own-payload.elf --socket PATH | --fd N\n", stderr);
        exit(2);
    }
    line = strcmp(words[1], "--fd") == 0 ? atoi(words[2]) : connect_to(words[2]);
    if (fcntl(line, F_SETFL, O_NONBLOCK) != 0) {
        fail("cannot use the line");
    }
    (void)signal(SIGPIPE, SIG_IGN);
    started_ns = now_ns();
    return &port;
}
