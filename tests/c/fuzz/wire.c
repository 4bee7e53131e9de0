/* The parsers alone, on heap blocks that end where their input does. Input: what to do, then the bytes.
 * What one writes another reads, whole and in pieces; what was read is written back as it was. */
#include <stdlib.h>
#include <string.h>

#include "../rewrite.h"
#include "frame.h"
#include "fuzz.h"
#include "packet.h"

/* Fields of message number `index` of the contract: read, written, read again, written again. */
static void check_fields(size_t index, const uint8_t *bytes, size_t count) {
    static uint8_t room[REWRITTEN_BYTES];
    uint8_t service;
    uint8_t subtype;
    rewrite_key(index, &service, &subtype);
    uint8_t *exact = fuzz_copy(bytes, count);
    hil_reader reader = hil_reader_over(exact, count);
    hil_writer writer = hil_writer_over(room, sizeof room);
    if (rewrite_fields(service, subtype, &reader, &writer) == REWRITE_DONE) {
        FUZZ_REQUIRE(writer.count == count);
        FUZZ_REQUIRE(count == 0 || memcmp(room, exact, count) == 0);
    }
    FUZZ_REQUIRE(reader.position <= count);
    free(exact);
}

/* A telecommand packet: accepted only whole. */
static void check_packet(unsigned mended, const uint8_t *bytes, size_t count) {
    uint8_t *exact = fuzz_copy(bytes, count);
    if (mended == 1u) {
        fuzz_mend_packet(exact, count);
    } else if (mended == 2u) {
        fuzz_mend_crc16(exact, count);
    }
    hil_telecommand telecommand;
    if (hil_read_telecommand(exact, count, &telecommand)) {
        FUZZ_REQUIRE(count >= 13u && fuzz_crc16(exact, count) == 0 && telecommand.fields.count == count - 13u);
        FUZZ_REQUIRE(telecommand.fields.bytes == exact + 11 && (size_t)(exact[4] << 8 | exact[5]) + 7u == count);
        hil_reader fields = telecommand.fields;
        static uint8_t room[REWRITTEN_BYTES];
        hil_writer writer = hil_writer_over(room, sizeof room);
        (void)rewrite_fields(telecommand.service, telecommand.subtype, &fields, &writer);
    } else {
        FUZZ_REQUIRE(telecommand.service == 0 && telecommand.fields.count == 0);
    }
    free(exact);
}

typedef struct {
    uint32_t frames;
    uint32_t sum;
} finding;

/* Frames of a line that comes in pieces of that size, each in a block of its own. */
static finding deframe(hil_deframer *deframer, const uint8_t *bytes, size_t count, size_t piece) {
    finding found = {0, 0};
    for (size_t start = 0; start < count; start += piece) {
        const size_t length = piece < count - start ? piece : count - start;
        uint8_t *exact = fuzz_copy(bytes + start, length);
        for (size_t taken = 0; taken < length;) {
            hil_frame frame;
            bool complete;
            taken += hil_deframe(deframer, exact + taken, length - taken, &frame, &complete);
            if (complete) {
                const size_t content = HIL_LINK_HEADER_BYTES + frame.body_bytes;
                FUZZ_REQUIRE(content + HIL_CRC32_BYTES <= HIL_MAX_CONTENT_BYTES);
                hil_reader trailer = hil_reader_over(frame.body + frame.body_bytes, HIL_CRC32_BYTES);
                FUZZ_REQUIRE(hil_get_u32(&trailer) == fuzz_crc32(deframer->content, content));
                found.frames++;
                found.sum = found.sum * 31u + fuzz_crc32(deframer->content, content);
            }
        }
        free(exact);
    }
    return found;
}

static void check_line(size_t piece, const uint8_t *bytes, size_t count) {
    hil_deframer *deframer = malloc(sizeof *deframer);
    FUZZ_REQUIRE(deframer != NULL);
    hil_deframer_reset(deframer);
    const finding whole = deframe(deframer, bytes, count, count + 1u);
    const uint32_t corrupt = deframer->corrupt;
    FUZZ_REQUIRE(whole.frames == deframer->intact);
    hil_deframer_reset(deframer);
    const finding pieces = deframe(deframer, bytes, count, piece);
    FUZZ_REQUIRE(whole.frames == pieces.frames && whole.sum == pieces.sum && corrupt == deframer->corrupt);
    free(deframer);
}

/* A frame of these bytes is read as it was written, alone and in whatever room there is. */
static void check_frame(size_t room, const uint8_t *bytes, size_t count) {
    if (count < HIL_LINK_HEADER_BYTES) {
        return;
    }
    uint8_t *exact = fuzz_copy(bytes, count);
    hil_reader reader = hil_reader_over(exact, count);
    hil_link_header header = {.type = hil_get_u8(&reader)};
    header.poll = hil_get_u8(&reader);
    header.tag = hil_get_u32(&reader);
    header.sequence = hil_get_u16(&reader);
    header.ack = hil_get_u16(&reader);
    header.credit = hil_get_u16(&reader);
    const size_t body_bytes = count - HIL_LINK_HEADER_BYTES;
    const size_t capacity = room == 0 ? HIL_MAX_FRAME_BYTES : body_bytes + room;
    uint8_t *frame = malloc(capacity);
    hil_deframer *deframer = malloc(sizeof *deframer);
    FUZZ_REQUIRE(frame != NULL && deframer != NULL);
    const size_t made = hil_enframe(&header, exact + HIL_LINK_HEADER_BYTES, body_bytes, frame, capacity);
    FUZZ_REQUIRE(made <= capacity && made <= HIL_MAX_FRAME_BYTES);
    FUZZ_REQUIRE(room != 0 || (made == 0) == (body_bytes > HIL_MAX_PACKET_BYTES));
    if (made > 0) {
        hil_deframer_reset(deframer);
        const finding found = deframe(deframer, frame, made, made);
        FUZZ_REQUIRE(found.frames == 1u && deframer->corrupt == 0 && memcmp(deframer->content, exact, count) == 0);
    }
    free(deframer);
    free(frame);
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 2u) {
        return 0;
    }
    const uint8_t kind = bytes[0];
    if (kind < rewrite_count()) {
        check_fields(kind, bytes + 1, count - 1u);
    } else if (kind < 0x60u) {
        check_packet(kind % 3u, bytes + 1, count - 1u);
    } else if (kind < 0xA0u) {
        check_line(1u + bytes[1], bytes + 2, count - 2u);
    } else {
        check_frame(bytes[1] % 32u, bytes + 2, count - 2u);
    }
    return 0;
}
