/* A console whose port prints. Operations on stdin, each with a length u32 and so many bytes:
 *   o  open with a capacity u32      w  write text      s  send; answers with what went onto the line, as hex
 *   i  write text for as long as a signal handler, which writes to a console of its own, has not interrupted it N times */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "console.h"

#define MOST_BYTES 1048576u

static hil_console console;
static hil_console handler_console;
static uint8_t handler_memory[256];
static volatile sig_atomic_t interrupts;

static void transmit(void *context, const uint8_t *bytes, size_t count) {
    (void)context;
    for (size_t i = 0; i < count; i++) {
        printf("%02x", bytes[i]);
    }
}

static void on_alarm(int number) {
    (void)number;
    interrupts++;
    hil_console_print(&handler_console, "handler: here\n");
}

static uint32_t get_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_interrupted(hil_port *port, const char *text, size_t count) {
    const struct itimerval often = {{0, 200}, {0, 200}};
    const struct itimerval never = {{0, 0}, {0, 0}};
    hil_console_open(&handler_console, handler_memory, sizeof handler_memory);
    (void)signal(SIGALRM, on_alarm);
    (void)setitimer(ITIMER_REAL, &often, NULL);
    while (interrupts < 200) {
        hil_console_write(&console, text, count);
        hil_console_send(&console, port);
        hil_console_send(&handler_console, port);
    }
    (void)setitimer(ITIMER_REAL, &never, NULL);
    hil_console_send(&handler_console, port);
    hil_console_send(&console, port);
}

int main(void) {
    hil_port port = {.transmit = transmit};
    uint8_t *memory = NULL;
    uint8_t *text = malloc(MOST_BYTES);
    uint8_t head[5];
    while (text != NULL && fread(head, 1, sizeof head, stdin) == sizeof head) {
        uint32_t count = get_u32(head + 1);
        if (count > MOST_BYTES || fread(text, 1, count, stdin) != count) {
            return 2;
        }
        if (head[0] == 'o') {
            free(memory);
            memory = malloc(get_u32(text));
            hil_console_open(&console, memory, get_u32(text));
        } else if (head[0] == 'w') {
            hil_console_write(&console, (const char *)text, count);
        } else if (head[0] == 'i') {
            write_interrupted(&port, (const char *)text, count);
        } else {
            bool waited = hil_console_waits(&console);
            hil_console_send(&console, &port);
            printf(" %d %d", waited, hil_console_waits(&console));
        }
        printf("\n");
        fflush(stdout);
    }
    free(memory);
    free(text);
    return 0;
}
