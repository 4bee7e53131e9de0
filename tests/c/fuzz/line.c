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

static size_t encode(const uint8_t *content, size_t count, uint8_t *to) {
    size_t code = 0;
    size_t made = 1;
    for (size_t i = 0; i < count; i++) {
        if (content[i] != 0) {
            to[made++] = content[i];
        }
        if (content[i] == 0 || made - code == 0xFFu) {
            to[code] = (uint8_t)(made - code);
            code = made++;
        }
    }
    to[code] = (uint8_t)(made - code);
    return made;
}

/* What the content of a run needs to be taken for a frame of this session, as far as it has places for it. */
static void mend_content(uint8_t *content, size_t count, uint32_t tag, uint16_t sequence) {
    const size_t checked = count - HIL_CRC32_BYTES;
    const uint8_t right[] = {(uint8_t)(tag >> 24), (uint8_t)(tag >> 16), (uint8_t)(tag >> 8), (uint8_t)tag,
                             (uint8_t)(sequence >> 8), (uint8_t)sequence};
    if (checked >= HIL_LINK_HEADER_BYTES) {
        memcpy(content + 2, right, sizeof right);
        if (content[0] == HIL_FRAME_DATA) {
            fuzz_mend_packet(content + HIL_LINK_HEADER_BYTES, checked - HIL_LINK_HEADER_BYTES);
        }
    }
    const uint32_t crc = fuzz_crc32(content, checked);
    for (size_t i = 0; i < HIL_CRC32_BYTES; i++) {
        content[checked + i] = (uint8_t)(crc >> (24u - 8u * i));
    }
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
    static uint8_t content[1u << 16];
    static uint8_t room[2u * sizeof content];
    uint16_t sequence = 0;
    size_t made = 1;
    room[0] = bytes[0];
    for (size_t i = 1; i < count;) {
        size_t end = i;
        while (end < count && bytes[end] != 0) {
            end++;
        }
        size_t length = end - i < sizeof content ? decode(bytes + i, end - i, content) : 0;
        if (length < HIL_CRC32_BYTES || made + 2u * length + 2u > sizeof room) {
            length = 0;
        } else {
            mend_content(content, length, session_tag(), sequence);
            sequence = (uint16_t)(sequence + (content[0] == HIL_FRAME_DATA));
            made += encode(content, length, room + made);
        }
        room[made++] = 0;
        i = end + 1u;
    }
    made = made < capacity ? made : capacity;
    memcpy(bytes, room, made);
    return made;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed) {
    count = LLVMFuzzerMutate(bytes, count, capacity);
    return seed % 2u == 0 && count > 1 ? mend_all(bytes, count, capacity) : count;
}
