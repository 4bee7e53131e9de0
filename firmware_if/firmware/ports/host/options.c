#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

static const char usage[] =
    "usage: payload.elf (--socket PATH | --tcp HOST:PORT | --device PATH | --pty PATH | --fd N) [--no-backpressure]\n"
    "                   [--storage PATH] [--watchdog SECONDS]\n"
    "  --socket, --tcp    connect to the bench, which listens\n"
    "  --device, --pty    open a tty and make it raw; its rate stays as it is\n"
    "  --fd               go on with an open descriptor\n"
    "  --no-backpressure  lose and count what exceeds the receive queue\n"
    "  --storage          file that keeps checkpoints when the process ends; made if it is not there\n"
    "  --watchdog         start anew when the payload makes no progress for so long, 1 to 3600\n";

/* Ends the process: 2 for a wrong command line (the usage follows), 1 for anything else. */
_Noreturn __attribute__((format(printf, 2, 3))) static void stop(int code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)fputs("payload: ", stderr);
    (void)vfprintf(stderr, format, arguments);
    (void)fputc('\n', stderr);
    va_end(arguments);
    if (code == 2) {
        (void)fputs(usage, stderr);
    }
    exit(code);
}

static int open_socket(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) {
        stop(2, "a socket path has at most %zu characters, this one %zu: %s", sizeof address.sun_path - 1u,
             strlen(path), path);
    }
    strcpy(address.sun_path, path);
    const int descriptor = socket(AF_UNIX, SOCK_STREAM, 0);
    if (descriptor < 0 || connect(descriptor, (const struct sockaddr *)&address, sizeof address) != 0) {
        stop(1, "cannot connect to %s: %s", path, strerror(errno));
    }
    return descriptor;
}

static int connect_any(const struct addrinfo *found)
{
    const int yes = 1;
    for (; found != NULL; found = found->ai_next) {
        const int descriptor = socket(found->ai_family, found->ai_socktype, found->ai_protocol);
        if (descriptor < 0) {
            continue;
        }
        if (connect(descriptor, found->ai_addr, found->ai_addrlen) == 0) {
            /* Frames are small and go out whole: waiting to join them only adds delay. */
            (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
            return descriptor;
        }
        close(descriptor);
    }
    return -1;
}

static int open_tcp(const char *where)
{
    const char *colon = strrchr(where, ':');
    if (colon == NULL || colon == where || colon[1] == '\0') {
        stop(2, "--tcp takes HOST:PORT, not %s", where);
    }
    char *host = strndup(where, (size_t)(colon - where));
    const struct addrinfo wanted = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    const int problem = getaddrinfo(host, colon + 1, &wanted, &found);
    if (problem != 0) {
        stop(1, "cannot find %s: %s", where, gai_strerror(problem));
    }
    const int descriptor = connect_any(found);
    if (descriptor < 0) {
        stop(1, "cannot connect to %s: %s", where, strerror(errno));
    }
    freeaddrinfo(found);
    free(host);
    return descriptor;
}

static int open_tty(const char *path)
{
    const int descriptor = open(path, O_RDWR | O_NOCTTY);
    struct termios settings;
    if (descriptor < 0) {
        stop(1, "cannot open %s: %s", path, strerror(errno));
    }
    if (tcgetattr(descriptor, &settings) != 0) {
        stop(1, "%s is no tty: %s", path, strerror(errno));
    }
    cfmakeraw(&settings);
    if (tcsetattr(descriptor, TCSANOW, &settings) != 0) {
        stop(1, "cannot make %s raw: %s", path, strerror(errno));
    }
    return descriptor;
}

static int take_descriptor(const char *text)
{
    char *end = NULL;
    const long number = strtol(text, &end, 10);
    if (end == text || *end != '\0' || number < 0 || number > 65535) {
        stop(2, "--fd takes the number of an open descriptor, not %s", text);
    }
    if (fcntl((int)number, F_GETFL) < 0) {
        stop(2, "descriptor %ld is not open", number);
    }
    return (int)number;
}

static int open_named(const char *option, const char *value)
{
    static const struct {
        const char *name;
        int (*open)(const char *value);
    } ways[] = {{"--socket", open_socket}, {"--tcp", open_tcp},       {"--device", open_tty},
                {"--pty", open_tty},       {"--fd", take_descriptor}};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; ++i) {
        if (strcmp(option, ways[i].name) == 0) {
            if (value == NULL) {
                stop(2, "%s needs a value", option);
            }
            return ways[i].open(value);
        }
    }
    stop(2, "unknown option %s", option);
}

static void take_valued(host_options *options, const char *option, const char *value)
{
    if (value == NULL) {
        stop(2, "%s needs a value", option);
    }
    if (strcmp(option, "--storage") == 0) {
        options->storage = value;
        return;
    }
    char *end = NULL;
    const long seconds = strtol(value, &end, 10);
    if (end == value || *end != '\0' || seconds < 1 || seconds > 3600) {
        stop(2, "--watchdog takes 1 to 3600 seconds, not %s", value);
    }
    options->watchdog_s = (unsigned)seconds;
}

host_options host_read_options(int count, char **words)
{
    host_options options = {.descriptor = -1, .backpressure = true};
    for (int i = 1; i < count; ++i) {
        if (strcmp(words[i], "--no-backpressure") == 0) {
            options.backpressure = false;
            continue;
        }
        if (strcmp(words[i], "--watchdog-start") == 0) { /* said by host_execute_again alone */
            options.watchdog_start = true;
            continue;
        }
        if (strcmp(words[i], "--storage") == 0 || strcmp(words[i], "--watchdog") == 0) {
            take_valued(&options, words[i], words[i + 1]);
            ++i;
            continue;
        }
        if (options.descriptor >= 0) {
            stop(2, "one connection is enough, %s is another", words[i]);
        }
        options.descriptor = open_named(words[i], words[i + 1]);
        ++i;
    }
    if (options.descriptor < 0) {
        stop(2, "where is the bench?");
    }
    if (fcntl(options.descriptor, F_SETFL, fcntl(options.descriptor, F_GETFL) | O_NONBLOCK) != 0) {
        stop(1, "cannot make descriptor %d non-blocking: %s", options.descriptor, strerror(errno));
    }
    return options;
}

/* Also called from a signal handler: nothing here but what may be (signal-safety(7)). */
static void write_number(char *digits, unsigned number)
{
    unsigned tens = 1u;
    while (number / tens >= 10u) {
        tens *= 10u;
    }
    for (; tens > 0u; tens /= 10u) {
        *digits++ = (char)('0' + number / tens % 10u);
    }
    *digits = '\0';
}

_Noreturn void host_execute_again(const host_options *options, bool by_watchdog)
{
    char number[12];
    char seconds[12];
    write_number(number, (unsigned)options->descriptor);
    write_number(seconds, options->watchdog_s);
    const char *words[10] = {"payload", "--fd", number};
    size_t count = 3;
    if (!options->backpressure) {
        words[count++] = "--no-backpressure";
    }
    if (options->storage != NULL) {
        words[count++] = "--storage";
        words[count++] = options->storage;
    }
    if (options->watchdog_s != 0u) {
        words[count++] = "--watchdog";
        words[count++] = seconds;
    }
    if (by_watchdog) {
        words[count++] = "--watchdog-start";
    }
    (void)execv("/proc/self/exe", (char *const *)(uintptr_t)words); /* execv writes to none of them */
    stop(1, "cannot restart: %s", strerror(errno));
}
