/* A raw sink, to measure what the link underneath can carry: it receives as the payload does, and discards.
 *
 *   -> "sink ready\n"                         when it starts
 *   <- N: 4 bytes, low byte first, then N bytes of anything
 *   -> "sink N lost L\n"                      once N bytes were received or lost; L of them were lost
 *
 * and so on from the second line. */
#include <string.h>

#include "payload.h"

static uint32_t read_count(hil_port *port)
{
    uint8_t bytes[4];
    for (size_t have = 0; have < sizeof bytes;) {
        port->wait(port->context);
        have += port->receive(port->context, bytes + have, sizeof bytes - have);
    }
    return bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
}

/* Returns how many of the bytes were lost. */
static uint32_t swallow(hil_port *port, uint32_t count)
{
    static uint8_t bytes[1024];
    const uint32_t lost_before = port->receive_overruns;
    uint32_t seen = 0u;
    uint32_t lost = 0u;
    while (seen + lost < count) {
        const uint32_t left = count - seen - lost;
        port->wait(port->context);
        seen += (uint32_t)port->receive(port->context, bytes, left < sizeof bytes ? left : sizeof bytes);
        lost = port->receive_overruns - lost_before;
    }
    return lost;
}

static size_t write_text(char *to, const char *text)
{
    const size_t length = strlen(text);
    memcpy(to, text, length);
    return length;
}

static size_t write_number(char *to, uint32_t value)
{
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    for (size_t i = 0; i < count; ++i) {
        to[i] = digits[count - 1u - i];
    }
    return count;
}

static void answer(hil_port *port, uint32_t count, uint32_t lost)
{
    char line[48];
    size_t length = write_text(line, "sink ");
    length += write_number(line + length, count);
    length += write_text(line + length, " lost ");
    length += write_number(line + length, lost);
    line[length++] = '\n';
    port->transmit(port->context, (const uint8_t *)line, length);
}

void payload_main(hil_port *port)
{
    static const char ready[] = "sink ready\n";
    port->transmit(port->context, (const uint8_t *)ready, sizeof ready - 1u);
    for (;;) {
        const uint32_t count = read_count(port);
        const uint32_t lost = swallow(port, count);
        answer(port, count, lost);
    }
}
