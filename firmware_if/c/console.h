/* The board's console on the line that carries the frames: lines of text that go out whole, between two frames.
 *
 * A console has one writer: the code of one context, such as the main loop, or one interrupt handler and those that it
 * cannot interrupt. Give every other context a console of its own; none of them masks anything, and writing never
 * waits. It has one sender: the owner of the service. Lines of one console keep their order.
 *
 * A line is sent when its newline has come. What does not fit is lost by whole lines, from the first that does not fit
 * until the sender has been there; a line "... N bytes lost" then stands in its place. All memory is the caller's.
 */
#ifndef HIL_CONSOLE_H
#define HIL_CONSOLE_H

#include <stdatomic.h>

#include "port.h"

/* A longer line is broken in two, where no character is. */
#define HIL_CONSOLE_LINE_BYTES 256u

typedef struct {
    uint8_t *bytes;
    uint32_t capacity;
    _Atomic uint32_t ready; /* end of the last whole line; indices run freely and wrap at 2^32 */
    _Atomic uint32_t sent;  /* up to where lines have been sent; the sender's, as `told` */
    _Atomic uint32_t lost;  /* bytes so far; the writer's, as what follows */
    _Atomic uint32_t told;  /* of these */
    uint32_t end;           /* of the line being written, which begins at `ready` */
    bool dropping;          /* the line being written is lost */
} hil_console;

/* `capacity` is a power of two; a line that is longer is lost. 1 KiB holds what most firmware prints between two steps. */
void hil_console_open(hil_console *console, uint8_t *bytes, uint32_t capacity);

/* Adds text. For the writer; compile this file with -mgeneral-regs-only where handlers that write save no others. */
void hil_console_write(hil_console *console, const char *text, size_t count);

/* The same up to the zero byte. */
void hil_console_print(hil_console *console, const char *text);

/* Lines wait, or a loss to be told of: for a `wait` that should not sleep then. For anybody. */
bool hil_console_waits(const hil_console *console);

/* Sends what waits. For the owner of the service, between two steps or in the port's `wait`: never from a handler.
 * Bytes that no console prints, and those that are no UTF-8, are replaced by a question mark. */
void hil_console_send(hil_console *console, hil_port *port);

#endif
