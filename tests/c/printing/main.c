/* The reference payload as a firmware that prints: from its loop, from inside a learner and from an interrupt handler.
 * talk.h, written by the test, says how much. Each line ends with the number of those before it, so that none can be
 * missed unseen. */
#include <stdio.h>
#include <string.h>

#include "console.h"
#include "payload.h"
#include "service.h"
#include "talk.h"

#ifdef __GLIBC__
static ssize_t write_text(void *console, const char *text, size_t count)
{
    hil_console_write(console, text, count);
    return (ssize_t)count;
}

static void use_stdio(hil_console *console)
{
    stdout = fopencookie(console, "w", (cookie_io_functions_t){.write = write_text});
    if (stdout != NULL) {
        (void)setvbuf(stdout, NULL, _IOLBF, 256);
    }
}
#else
#include "newlib_console.h"
#define use_stdio newlib_console_use
#endif

void talk_in_train(void);
void talk_in_handler(uint32_t count);

_Alignas(8) static uint8_t arena[HIL_ARENA_BYTES];
_Alignas(8) static uint8_t data_region[HIL_DATA_BYTES];
static hil_service service;
static uint8_t text[TALK_BYTES];
static uint8_t handler_text[1024];
static hil_console console;
static hil_console handler_console;
static unsigned long lines;

static void say(const char *where)
{
    (void)printf("%s: Temperatur 21 \xC2\xB0" "C, line %lu\n", where, lines++);
}

void talk_in_train(void)
{
    for (int i = 0; i < TALK_IN_TRAIN; i++) {
        say("train");
    }
}

/* printf must not be entered twice: a handler writes its number itself. */
void talk_in_handler(uint32_t count)
{
    if (!TALK_IN_HANDLER || count % 16u != 0) {
        return;
    }
    char line[] = "handler: interrupt 0000000000\n";
    for (size_t place = sizeof line - 3u; count > 0; place--) {
        line[place] = (char)('0' + count % 10u);
        count /= 10u;
    }
    hil_console_print(&handler_console, line);
}

static void (*transmit)(void *context, const uint8_t *bytes, size_t count);

/* Somebody else's code that writes to the UART whenever it likes: in the middle of every eleventh frame. */
static void transmit_torn(void *context, const uint8_t *bytes, size_t count)
{
    static const char line[] = "vendor: watchdog served\n";
    static uint32_t calls;
    const size_t half = ++calls % 11u == 0 ? count / 2u : count;
    transmit(context, bytes, half);
    if (half < count) {
        transmit(context, (const uint8_t *)line, sizeof line - 1u);
        transmit(context, bytes + half, count - half);
    }
}

static void send_text(hil_port *port)
{
    hil_console_send(&console, port);
    hil_console_send(&handler_console, port);
}

void payload_main(hil_port *port)
{
    hil_console_open(&console, text, sizeof text);
    hil_console_open(&handler_console, handler_text, sizeof handler_text);
    use_stdio(&console);
    transmit = port->transmit;
    port->transmit = TALK_TORN ? transmit_torn : transmit;
    hil_service_open(&service, port, hil_build_id, (hil_memory){arena, sizeof arena, data_region, sizeof data_region});
    for (;;) {
        const bool worked = hil_service_step(&service);
        for (int i = 0; worked && i < TALK_BETWEEN; i++) {
            say("loop");
        }
        send_text(port);
        if (!worked) {
            port->wait(port->context);
        }
    }
}
