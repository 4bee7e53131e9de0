/* The command line of the native payload. */
#ifndef HOST_OPTIONS_H
#define HOST_OPTIONS_H

#include <stdbool.h>

typedef struct {
    int descriptor;    /* open, to the bench; set non-blocking */
    const char *storage; /* path of the file for checkpoints, NULL: none */
    unsigned watchdog_s; /* 0: none */
    bool watchdog_start; /* the watchdog forced this start */
    bool backpressure; /* false: bytes beyond the receive queue are lost, as on a UART without flow control */
} host_options;

/* Opens what the command line names. A wrong command line ends the process with 2, a peer that cannot be reached
 * with 1; both say on standard error what is wrong. */
host_options host_read_options(int count, char **words);

/* Replaces the process by a fresh one on the same descriptor. */
_Noreturn void host_execute_again(const host_options *options, bool by_watchdog);

#endif
