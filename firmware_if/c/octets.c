#include "octets.h"

#include <string.h>

hil_writer hil_writer_over(uint8_t *bytes, size_t capacity) {
    return (hil_writer){.bytes = bytes, .capacity = capacity, .count = 0, .failed = false};
}

hil_reader hil_reader_over(const uint8_t *bytes, size_t count) {
    return (hil_reader){.bytes = bytes, .count = count, .position = 0, .failed = false};
}

/* Room for `count` more bytes, or NULL (and `failed`) when there is none. */
static uint8_t *reserve(hil_writer *to, size_t count) {
    if (to->failed || count > to->capacity - to->count) {
        to->failed = true;
        return NULL;
    }
    to->count += count;
    return to->bytes + (to->count - count);
}

/* The next `count` bytes, or NULL (and `failed`) when fewer are left. */
static const uint8_t *take(hil_reader *from, size_t count) {
    if (from->failed || count > from->count - from->position) {
        from->failed = true;
        return NULL;
    }
    from->position += count;
    return from->bytes + (from->position - count);
}

static void put_big_endian(hil_writer *to, uint64_t value, size_t count) {
    uint8_t *bytes = reserve(to, count);
    if (bytes == NULL) {
        return;
    }
    for (size_t i = count; i > 0; i--) {
        bytes[i - 1] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_big_endian(hil_reader *from, size_t count) {
    const uint8_t *bytes = take(from, count);
    if (bytes == NULL) {
        return 0;
    }
    uint64_t value = 0;
    for (size_t i = 0; i < count; i++) {
        value = (value << 8) | bytes[i];
    }
    return value;
}

void hil_put_u8(hil_writer *to, uint8_t value) {
    put_big_endian(to, value, 1);
}

void hil_put_u16(hil_writer *to, uint16_t value) {
    put_big_endian(to, value, 2);
}

void hil_put_u32(hil_writer *to, uint32_t value) {
    put_big_endian(to, value, 4);
}

void hil_put_u64(hil_writer *to, uint64_t value) {
    put_big_endian(to, value, 8);
}

void hil_put_i16(hil_writer *to, int16_t value) {
    put_big_endian(to, (uint16_t)value, 2);
}

void hil_put_f32(hil_writer *to, float value) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_big_endian(to, bits, 4);
}

void hil_put_f64(hil_writer *to, double value) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_big_endian(to, bits, 8);
}

void hil_put_octets(hil_writer *to, const uint8_t *bytes, size_t count) {
    uint8_t *room = reserve(to, count);
    if (room != NULL && count > 0) {
        memcpy(room, bytes, count);
    }
}

void hil_put_text(hil_writer *to, hil_text text) {
    hil_put_u8(to, text.count);
    hil_put_octets(to, (const uint8_t *)text.bytes, text.count);
}

void hil_put_byte_string(hil_writer *to, hil_octets octets) {
    if (octets.count > UINT16_MAX) {
        to->failed = true;
        return;
    }
    hil_put_u16(to, (uint16_t)octets.count);
    hil_put_octets(to, octets.bytes, octets.count);
}

void hil_put_counted(hil_writer *to, hil_octets octets, size_t element_bytes) {
    if (octets.count > UINT8_MAX) {
        to->failed = true;
        return;
    }
    hil_put_u8(to, (uint8_t)octets.count);
    hil_put_octets(to, octets.bytes, octets.count * element_bytes);
}

uint8_t hil_get_u8(hil_reader *from) {
    return (uint8_t)get_big_endian(from, 1);
}

uint16_t hil_get_u16(hil_reader *from) {
    return (uint16_t)get_big_endian(from, 2);
}

uint32_t hil_get_u32(hil_reader *from) {
    return (uint32_t)get_big_endian(from, 4);
}

uint64_t hil_get_u64(hil_reader *from) {
    return get_big_endian(from, 8);
}

int16_t hil_get_i16(hil_reader *from) {
    return (int16_t)(uint16_t)get_big_endian(from, 2);
}

float hil_get_f32(hil_reader *from) {
    uint32_t bits = (uint32_t)get_big_endian(from, 4);
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

double hil_get_f64(hil_reader *from) {
    uint64_t bits = get_big_endian(from, 8);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

void hil_get_octets(hil_reader *from, uint8_t *bytes, size_t count) {
    const uint8_t *taken = take(from, count);
    if (taken == NULL) {
        memset(bytes, 0, count);
    } else {
        memcpy(bytes, taken, count);
    }
}

static hil_octets borrow(hil_reader *from, size_t count, size_t element_bytes) {
    const uint8_t *bytes = take(from, count * element_bytes);
    return (hil_octets){.bytes = bytes, .count = bytes == NULL ? 0 : count};
}

hil_text hil_get_text(hil_reader *from) {
    hil_octets octets = borrow(from, hil_get_u8(from), 1);
    return (hil_text){.bytes = (const char *)octets.bytes, .count = (uint8_t)octets.count};
}

hil_octets hil_get_byte_string(hil_reader *from) {
    return borrow(from, hil_get_u16(from), 1);
}

hil_octets hil_get_counted(hil_reader *from, size_t element_bytes) {
    return borrow(from, hil_get_u8(from), element_bytes);
}

hil_octets hil_get_rest(hil_reader *from) {
    return borrow(from, from->count - from->position, 1);
}

/* No strlen and strcmp: those of a C library for 32-bit ARM take a kilobyte. */
hil_text hil_text_of(const char *string) {
    uint8_t count = 0;
    while (count < UINT8_MAX && string[count] != '\0') {
        count++;
    }
    return (hil_text){.bytes = string, .count = count};
}

bool hil_text_equals(hil_text text, const char *string) {
    for (uint8_t i = 0; i < text.count; i++) {
        if (string[i] == '\0' || string[i] != text.bytes[i]) {
            return false;
        }
    }
    return string[text.count] == '\0';
}
