/* Bounds-checked cursors over bytes: big-endian fields by shifts, never by casts.
 *
 * A cursor that runs out of room sets `failed` and stays there: reads give zeros, writes are dropped. Callers write
 * or read a whole message and look at `failed` once. Nothing here allocates or keeps state; all of it is ISR safe.
 */
#ifndef HIL_OCTETS_H
#define HIL_OCTETS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint8_t *bytes;
    size_t capacity;
    size_t count; /* bytes written */
    bool failed;
} hil_writer;

typedef struct {
    const uint8_t *bytes;
    size_t count;
    size_t position; /* bytes taken */
    bool failed;
} hil_reader;

/* Borrowed bytes; not terminated. In a list of i16, count is the number of elements. */
typedef struct {
    const uint8_t *bytes;
    size_t count;
} hil_octets;

/* Borrowed UTF-8; not terminated. */
typedef struct {
    const char *bytes;
    uint8_t count;
} hil_text;

hil_writer hil_writer_over(uint8_t *bytes, size_t capacity);
hil_reader hil_reader_over(const uint8_t *bytes, size_t count);

void hil_put_u8(hil_writer *to, uint8_t value);
void hil_put_u16(hil_writer *to, uint16_t value);
void hil_put_u32(hil_writer *to, uint32_t value);
void hil_put_u64(hil_writer *to, uint64_t value);
void hil_put_i16(hil_writer *to, int16_t value);
void hil_put_f32(hil_writer *to, float value);
void hil_put_f64(hil_writer *to, double value);
void hil_put_octets(hil_writer *to, const uint8_t *bytes, size_t count);
void hil_put_text(hil_writer *to, hil_text text);
void hil_put_byte_string(hil_writer *to, hil_octets octets);
void hil_put_counted(hil_writer *to, hil_octets octets, size_t element_bytes);

uint8_t hil_get_u8(hil_reader *from);
uint16_t hil_get_u16(hil_reader *from);
uint32_t hil_get_u32(hil_reader *from);
uint64_t hil_get_u64(hil_reader *from);
int16_t hil_get_i16(hil_reader *from);
float hil_get_f32(hil_reader *from);
double hil_get_f64(hil_reader *from);
void hil_get_octets(hil_reader *from, uint8_t *bytes, size_t count);
hil_text hil_get_text(hil_reader *from);
hil_octets hil_get_byte_string(hil_reader *from);
hil_octets hil_get_counted(hil_reader *from, size_t element_bytes);
hil_octets hil_get_rest(hil_reader *from);

/* Text of a C string of at most 255 characters. */
hil_text hil_text_of(const char *string);
bool hil_text_equals(hil_text text, const char *string);

#endif
