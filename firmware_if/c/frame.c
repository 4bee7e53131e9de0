#include "frame.h"

/* Tables of 16 entries, 96 bytes of ROM: on ARM a nibble costs 3 instructions, so a byte 7 with its share of the loop. A
 * table of 256 would cost 4 a byte, and 830 bytes of flash more (docs/benchmarks.md, protection). */
static const uint32_t CRC32_NIBBLE[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};
#define WORD_BYTES 4u
#if defined(__GNUC__)
#define ALIGNED(bytes) __builtin_assume_aligned((bytes), WORD_BYTES) /* so that a word is loaded as one */
#else
#define ALIGNED(bytes) (bytes)
#endif
static const uint16_t CRC16_NIBBLE[16] = {
    0x0000u, 0x1021u, 0x2042u, 0x3063u, 0x4084u, 0x50A5u, 0x60C6u, 0x70E7u,
    0x8108u, 0x9129u, 0xA14Au, 0xB16Bu, 0xC18Cu, 0xD1ADu, 0xE1CEu, 0xF1EFu,
};

/* Takes the lowest nibble in. */
#define CRC32_STEP(crc) (CRC32_NIBBLE[(crc) & 0xFu] ^ ((crc) >> 4))

static uint32_t crc32_byte(uint32_t crc, uint8_t byte) {
    crc ^= byte;
    crc = CRC32_STEP(crc);
    return CRC32_STEP(crc);
}

/* Four bytes at once: written out, it is three instructions a nibble. */
static uint32_t crc32_word(uint32_t crc, const uint8_t *bytes) {
    crc ^= (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 24;
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    crc = CRC32_STEP(crc);
    return CRC32_STEP(crc);
}

uint32_t hil_crc32_more(uint32_t crc, const uint8_t *bytes, size_t count) {
    for (; count > 0 && (uintptr_t)bytes % WORD_BYTES != 0; count--) {
        crc = crc32_byte(crc, *bytes++);
    }
    for (; count >= WORD_BYTES; count -= WORD_BYTES, bytes += WORD_BYTES) {
        crc = crc32_word(crc, ALIGNED(bytes));
    }
    for (; count > 0; count--) {
        crc = crc32_byte(crc, *bytes++);
    }
    return crc;
}

uint32_t hil_crc32(const uint8_t *bytes, size_t count) {
    return ~hil_crc32_more(HIL_CRC32_START, bytes, count);
}

uint16_t hil_crc16(const uint8_t *bytes, size_t count) {
    uint16_t crc = 0xFFFFu;
    for (size_t i = 0; i < count; i++) {
        crc = (uint16_t)(CRC16_NIBBLE[(crc >> 12) ^ (bytes[i] >> 4)] ^ (uint16_t)(crc << 4));
        crc = (uint16_t)(CRC16_NIBBLE[(crc >> 12) ^ (bytes[i] & 0xFu)] ^ (uint16_t)(crc << 4));
    }
    return crc;
}

static void begin_run(hil_deframer *deframer) {
    deframer->count = 0;
    deframer->block = 0;
    deframer->missing = 0;
    deframer->overflow = false;
}

void hil_deframer_reset(hil_deframer *deframer) {
    begin_run(deframer);
    deframer->intact = 0;
    deframer->corrupt = 0;
}

static void append(hil_deframer *deframer, uint8_t byte) {
    if (deframer->count < sizeof deframer->content) {
        deframer->content[deframer->count++] = byte;
    } else {
        deframer->overflow = true;
    }
}

/* The code byte of a COBS block. */
static void begin_block(hil_deframer *deframer, uint8_t code) {
    if (deframer->block != 0 && deframer->block != 0xFFu) {
        append(deframer, 0);
    }
    deframer->block = code;
    deframer->missing = (uint8_t)(code - 1u);
}

/* Takes what the running block still lacks, up to a delimiter: a few instructions a byte, for this is most of what
 * arrives. Returns how many bytes were taken. */
static size_t continue_block(hil_deframer *deframer, const uint8_t *bytes, size_t count) {
    size_t limit = count < deframer->missing ? count : deframer->missing;
    size_t room = sizeof deframer->content - deframer->count;
    uint8_t *to = deframer->content + deframer->count;
    size_t taken = 0;
    for (; taken < limit && bytes[taken] != 0; taken++) {
        if (taken < room) {
            to[taken] = bytes[taken];
        }
    }
    deframer->overflow = deframer->overflow || taken > room;
    deframer->count += taken < room ? taken : room;
    deframer->missing = (uint8_t)(deframer->missing - taken);
    return taken;
}

/* Takes at least one byte of a run; the first is not a delimiter. Returns how many were taken. */
static size_t decode(hil_deframer *deframer, const uint8_t *bytes, size_t count) {
    if (deframer->missing > 0) {
        return continue_block(deframer, bytes, count);
    }
    begin_block(deframer, bytes[0]);
    return 1;
}

/* The run between two delimiters is over: is it a frame? */
static bool is_frame(const hil_deframer *deframer, hil_frame *frame) {
    if (deframer->overflow || deframer->missing > 0 || deframer->count < HIL_LINK_HEADER_BYTES + HIL_CRC32_BYTES) {
        return false;
    }
    size_t checked = deframer->count - HIL_CRC32_BYTES;
    hil_reader trailer = hil_reader_over(deframer->content + checked, HIL_CRC32_BYTES);
    if (hil_get_u32(&trailer) != hil_crc32(deframer->content, checked)) {
        return false;
    }
    hil_reader header = hil_reader_over(deframer->content, HIL_LINK_HEADER_BYTES);
    frame->header.type = hil_get_u8(&header);
    frame->header.poll = hil_get_u8(&header);
    frame->header.tag = hil_get_u32(&header);
    frame->header.sequence = hil_get_u16(&header);
    frame->header.ack = hil_get_u16(&header);
    frame->header.credit = hil_get_u16(&header);
    frame->body = deframer->content + HIL_LINK_HEADER_BYTES;
    frame->body_bytes = checked - HIL_LINK_HEADER_BYTES;
    return true;
}

size_t hil_deframe(hil_deframer *deframer, const uint8_t *bytes, size_t count, hil_frame *frame, bool *complete) {
    *complete = false;
    for (size_t i = 0; i < count;) {
        if (bytes[i] != 0) {
            i += decode(deframer, bytes + i, count - i);
            continue;
        }
        i++;
        bool empty = deframer->block == 0;
        *complete = !empty && is_frame(deframer, frame);
        if (*complete) {
            deframer->intact++;
        } else if (!empty) {
            deframer->corrupt++;
        }
        begin_run(deframer); /* leaves the content, which `frame` points into, as it is */
        if (*complete) {
            return i;
        }
    }
    return count;
}

/* A COBS encoder that is fed in pieces; `code` is where the running block's length will be written. A full block is
 * closed only when another byte follows: content that ends with one has no empty block after it. */
typedef struct {
    uint8_t *bytes;
    size_t capacity;
    size_t count;
    size_t code;
} cobs_encoder;

static bool cobs_put(cobs_encoder *to, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        bool full = to->count - to->code == 0xFFu;
        if (to->capacity - to->count < (full ? 2u : 1u)) {
            return false;
        }
        if (full) {
            to->bytes[to->code] = 0xFFu;
            to->code = to->count++;
        }
        if (bytes[i] == 0) {
            to->bytes[to->code] = (uint8_t)(to->count - to->code);
            to->code = to->count++;
        } else {
            to->bytes[to->count++] = bytes[i];
        }
    }
    return true;
}

size_t hil_enframe(const hil_link_header *header, const uint8_t *body, size_t body_bytes, uint8_t *frame, size_t capacity) {
    if (body_bytes > HIL_MAX_PACKET_BYTES || capacity < 3) {
        return 0;
    }
    uint8_t head[HIL_LINK_HEADER_BYTES + HIL_CRC32_BYTES];
    hil_writer writer = hil_writer_over(head, sizeof head);
    hil_put_u8(&writer, header->type);
    hil_put_u8(&writer, header->poll);
    hil_put_u32(&writer, header->tag);
    hil_put_u16(&writer, header->sequence);
    hil_put_u16(&writer, header->ack);
    hil_put_u16(&writer, header->credit);

    const uint32_t crc = hil_crc32_more(HIL_CRC32_START, head, HIL_LINK_HEADER_BYTES);
    hil_put_u32(&writer, ~hil_crc32_more(crc, body, body_bytes));

    cobs_encoder encoder = {.bytes = frame, .capacity = capacity - 1, .count = 2, .code = 1};
    frame[0] = 0;
    if (!cobs_put(&encoder, head, HIL_LINK_HEADER_BYTES) || !cobs_put(&encoder, body, body_bytes) ||
        !cobs_put(&encoder, head + HIL_LINK_HEADER_BYTES, HIL_CRC32_BYTES)) {
        return 0;
    }
    frame[encoder.code] = (uint8_t)(encoder.count - encoder.code);
    frame[encoder.count++] = 0;
    return encoder.count;
}
