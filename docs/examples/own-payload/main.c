/* A payload computer's own firmware: a super loop with a star tracker and a heartbeat, in which models train, too. */
#include <stddef.h>
#include <stdio.h>

#include "board.h"
#include "console.h"
#include "service.h"

extern const uint8_t hil_build_id[16]; /* written by the Makefile */

_Alignas(8) static uint8_t arena[4096]; /* for the models: the numbers of their state, and 250 to 300 bytes each */
static hil_service service;
static hil_port *port;

static uint8_t text[512]; /* what is printed between two steps */
static hil_console console;

static struct {
    uint32_t fixes;
    uint32_t beats;
    uint64_t seen_us;
    uint64_t longest_us; /* between two looks at the tasks */
} health;

static void track_stars(void)
{
    health.fixes++;
}

static void beat(void)
{
    char line[80];
    health.beats++;
    (void)snprintf(line, sizeof line, "heartbeat %lu: %lu fixes, tasks waited for at most %lu us\n",
                   (unsigned long)health.beats, (unsigned long)health.fixes, (unsigned long)health.longest_us);
    hil_console_print(&console, line);
}

static struct {
    void (*run)(void);
    uint64_t period_us;
    uint64_t due_us;
} tasks[] = {{track_stars, 10000, 0}, {beat, 1000000, 0}};

/* Runs what is due and returns when the next task is. */
static uint64_t run_tasks(void)
{
    const uint64_t now_us = board_time_us();
    uint64_t next_us = UINT64_MAX;
    if (now_us - health.seen_us > health.longest_us) {
        health.longest_us = now_us - health.seen_us;
    }
    health.seen_us = now_us;
    for (size_t i = 0; i < sizeof tasks / sizeof tasks[0]; i++) {
        if (now_us >= tasks[i].due_us) {
            tasks[i].run();
            tasks[i].due_us = now_us + tasks[i].period_us;
        }
        next_us = tasks[i].due_us < next_us ? tasks[i].due_us : next_us;
    }
    return next_us;
}

/* The service calls this while the bench is behind with its acknowledgements: the tasks must go on then, too. */
static void wait(void *context)
{
    (void)context;
    const uint64_t next_us = run_tasks();
    hil_console_send(&console, port);
    board_sleep_until(next_us);
}

int main(int count, char **words)
{
    port = board_start(count, words);
    port->wait = wait;
    hil_console_open(&console, text, sizeof text);
    hil_service_open(&service, port, hil_build_id, (hil_memory){.arena = arena, .arena_bytes = sizeof arena});
    for (;;) {
        const uint64_t next_us = run_tasks();
        hil_console_send(&console, port);
        if (!hil_service_step(&service)) {
            board_sleep_until(next_us);
        }
    }
}
