#include "console.h"

#include <string.h>

#define PIECE_BYTES 64u

void hil_console_open(hil_console *console, uint8_t *bytes, uint32_t capacity) {
    memset(console, 0, sizeof *console);
    console->bytes = bytes;
    console->capacity = capacity;
}

static uint8_t *place(const hil_console *console, uint32_t index) {
    return &console->bytes[index & (console->capacity - 1u)];
}

static uint32_t load(const _Atomic uint32_t *index) {
    return atomic_load_explicit(index, memory_order_acquire);
}

static void store(_Atomic uint32_t *index, uint32_t value) {
    atomic_store_explicit(index, value, memory_order_release);
}

/* Gives up the line that is being written: what there is of it, and what is still to come. */
static void drop(hil_console *console, uint32_t bytes) {
    uint32_t ready = load(&console->ready);
    store(&console->lost, load(&console->lost) + (console->end - ready) + bytes);
    console->end = ready;
}

/* Adds one byte to the line. While a loss is untold every line is lost, or it would come before the notice. */
static void put(hil_console *console, uint8_t byte) {
    if (console->dropping || load(&console->lost) != load(&console->told) ||
        console->end - load(&console->sent) == console->capacity) {
        drop(console, 1);
        console->dropping = byte != '\n';
        return;
    }
    *place(console, console->end) = byte;
    console->end++;
    if (byte == '\n') {
        store(&console->ready, console->end);
    }
}

/* Where a line is broken no character is: before anything but a continuation byte, or, when only those come, anywhere. */
static bool is_full(const hil_console *console, uint8_t next) {
    uint32_t length = console->end - load(&console->ready);
    bool within = next >= 0x80u && next < 0xC0u;
    return next != '\n' && (length >= HIL_CONSOLE_LINE_BYTES || (length >= HIL_CONSOLE_LINE_BYTES - 4u && !within));
}

void hil_console_write(hil_console *console, const char *text, size_t count) {
    for (size_t i = 0; i < count; i++) {
        uint8_t byte = (uint8_t)text[i];
        if (is_full(console, byte)) {
            put(console, '\n');
        }
        put(console, byte);
    }
}

void hil_console_print(hil_console *console, const char *text) {
    hil_console_write(console, text, strlen(text));
}

bool hil_console_waits(const hil_console *console) {
    return load(&console->ready) != load(&console->sent) || load(&console->lost) != load(&console->told);
}

/* Length of the character at `index` if it is whole UTF-8 before `end` (RFC 3629, section 4), else 0. */
static uint32_t character_bytes(const hil_console *console, uint32_t index, uint32_t end) {
    uint8_t first = *place(console, index);
    if (first < 0x80u) {
        return 1;
    }
    uint32_t length = first < 0xE0u ? 2 : first < 0xF0u ? 3 : 4;
    if (first < 0xC2u || first > 0xF4u || end - index < length) {
        return 0;
    }
    uint8_t lowest = first == 0xE0u ? 0xA0u : first == 0xF0u ? 0x90u : 0x80u;
    uint8_t highest = first == 0xEDu ? 0x9Fu : first == 0xF4u ? 0x8Fu : 0xBFu;
    for (uint32_t i = 1; i < length; i++) {
        uint8_t byte = *place(console, index + i);
        if (byte < lowest || byte > highest) {
            return 0;
        }
        lowest = 0x80u;
        highest = 0xBFu;
    }
    return length;
}

/* What no console prints, as framing.py has it; a zero byte or a frame's type is among it. */
static bool is_printed(uint8_t byte) {
    return byte >= 0x20u ? byte != 0x7Fu : (byte >= 7u && byte <= 13u && byte != 11u) || byte == 0x1Bu;
}

typedef struct {
    hil_port *port;
    uint32_t count;
    uint8_t bytes[PIECE_BYTES];
} piece;

static void send_byte(piece *to, uint8_t byte) {
    if (to->count == PIECE_BYTES) {
        to->port->transmit(to->port->context, to->bytes, to->count);
        to->count = 0;
    }
    to->bytes[to->count++] = byte;
}

static void send_lines(piece *to, const hil_console *console, uint32_t index, uint32_t end) {
    while (index != end) {
        uint32_t length = character_bytes(console, index, end);
        uint8_t first = *place(console, index);
        if (length == 0 || !is_printed(first)) {
            send_byte(to, '?');
            index++;
            continue;
        }
        for (; length > 0; length--) {
            send_byte(to, *place(console, index++));
        }
    }
}

static void send_notice(piece *to, uint32_t bytes) {
    char digits[10];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + bytes % 10u);
        bytes /= 10u;
    } while (bytes > 0);
    for (const char *text = "... "; *text != '\0'; text++) {
        send_byte(to, (uint8_t)*text);
    }
    while (count > 0) {
        send_byte(to, (uint8_t)digits[--count]);
    }
    for (const char *text = " bytes lost\n"; *text != '\0'; text++) {
        send_byte(to, (uint8_t)*text);
    }
}

/* The zero bytes keep the text apart from whatever is on the line before and after it. `lost` is read first: lines that
 * are ready by then were written before the loss, and none is added until it has been told. */
void hil_console_send(hil_console *console, hil_port *port) {
    uint32_t lost = load(&console->lost);
    uint32_t told = load(&console->told);
    uint32_t ready = load(&console->ready);
    uint32_t sent = load(&console->sent);
    if (ready == sent && lost == told) {
        return;
    }
    piece to = {.port = port};
    send_byte(&to, 0);
    send_lines(&to, console, sent, ready);
    store(&console->sent, ready);
    if (lost != told) {
        send_notice(&to, lost - told);
        store(&console->told, lost);
    }
    send_byte(&to, 0);
    port->transmit(port->context, to.bytes, to.count);
}
