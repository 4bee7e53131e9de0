/* The line: bytes that the payload receives in pieces. Input: size of a piece, then the bytes. The mutator makes frames
 * right again after half of its mutations: tag, sequence, CRC-16 and CRC-32 are never guessed. */
#include <string.h>

#include "payload.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 1) {
        return 0;
    }
    fuzz_payload *payload = fuzz_payload_new(1024, 4);
    fuzz_payload_start(payload);
    fuzz_payload_receive(payload, bytes + 1, count - 1u, 1u + bytes[0]);
    fuzz_payload_check(payload);
    return 0;
}

/* The content of a COBS run, as far as it goes; `room` holds as many bytes as the run. */
static size_t decode(const uint8_t *run, size_t count, uint8_t *room) {
    size_t made = 0;
    for (size_t i = 0; i < count;) {
        const uint8_t code = run[i++];
        for (uint8_t k = 1; k < code && i < count; k++) {
            room[made++] = run[i++];
        }
        if (code != 0xFFu && i < count) {
            room[made++] = 0;
        }
    }
    return made;
}

/* Writes the frame that a run may have been meant to be, or the run as it stands; how many bytes, 0 for no room. */
static size_t mend(const uint8_t *run, size_t count, uint32_t tag, uint16_t sequence, uint8_t *to, size_t room) {
    uint8_t content[2u * HIL_MAX_FRAME_BYTES];
    const size_t made = count <= sizeof content ? decode(run, count, content) : 0;
    if (made < HIL_LINK_HEADER_BYTES + HIL_CRC32_BYTES || made > HIL_MAX_CONTENT_BYTES) {
        if (count + 1u > room) {
            return 0;
        }
        memcpy(to, run, count);
        to[count] = 0;
        return count + 1u;
    }
    uint8_t *body = content + HIL_LINK_HEADER_BYTES;
    const size_t body_bytes = made - HIL_LINK_HEADER_BYTES - HIL_CRC32_BYTES;
    hil_link_header header = {.type = content[0], .poll = content[1], .tag = tag, .sequence = sequence,
                              .ack = (uint16_t)(content[8] << 8 | content[9]), .credit = 0xFFFF};
    if (header.type == HIL_FRAME_DATA) {
        fuzz_mend_packet(body, body_bytes);
    }
    return hil_enframe(&header, body, body_bytes, to, room);
}

/* The nonce that the payload draws is the same in every run. */
static uint32_t session_tag(void) {
    static uint32_t tag;
    if (tag == 0) {
        fuzz_payload *payload = fuzz_payload_new(1024, 4);
        fuzz_payload_start(payload);
        tag = payload->service.link.tag;
    }
    return tag;
}

static size_t mend_all(uint8_t *bytes, size_t count, size_t capacity) {
    static uint8_t room[1u << 16];
    const size_t most = capacity < sizeof room ? capacity : sizeof room;
    uint16_t sequence = 0;
    size_t made = 1;
    room[0] = bytes[0];
    for (size_t i = 1; i < count;) {
        size_t end = i;
        while (end < count && bytes[end] != 0) {
            end++;
        }
        if (end > i) {
            const size_t written = mend(bytes + i, end - i, session_tag(), sequence, room + made, most - made);
            if (written == 0) {
                break;
            }
            sequence = (uint16_t)(sequence + (written > 2u && room[made] == 0));
            made += written;
        }
        i = end + 1u;
    }
    memcpy(bytes, room, made);
    return made;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed) {
    count = LLVMFuzzerMutate(bytes, count, capacity);
    return seed % 2u == 0 && count > 1 ? mend_all(bytes, count, capacity) : count;
}
