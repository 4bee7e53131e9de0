/* Puts the C side of the wire behind stdin and stdout, for wire_native.py: a request is an operation (1 byte), a length
 * (u32) and that many bytes; the answer is text that ends with an empty line. Input lies in heap blocks of exactly its
 * size, so that a sanitizer sees the first byte read beyond it. */
#include "wire_driver.h"
#include "rewrite.h"

#include <stdlib.h>
#include <string.h>

void print_hex(const char *name, const uint8_t *bytes, size_t count) {
    printf(" %s=", name);
    for (size_t i = 0; i < count; i++) {
        printf("%02x", bytes[i]);
    }
}

/* Reads the fields of message [service, subtype] and prints them as written back. */
static void print_rewritten(uint8_t service, uint8_t subtype, hil_reader *fields) {
    static uint8_t room[REWRITTEN_BYTES];
    hil_writer writer = hil_writer_over(room, sizeof room);
    switch (rewrite_fields(service, subtype, fields, &writer)) {
    case REWRITE_DONE:
        print_hex("fields", room, writer.count);
        break;
    case REWRITE_MALFORMED:
        printf(" malformed");
        break;
    default:
        printf(" unknown");
    }
}

static void print_telecommand(const uint8_t *bytes, size_t count) {
    hil_telecommand telecommand;
    if (!hil_read_telecommand(bytes, count, &telecommand)) {
        printf("refused %04x %04x\n", telecommand.packet_id, telecommand.sequence_control);
        return;
    }
    printf("telecommand %04x %04x %u [%u,%u]", telecommand.packet_id, telecommand.sequence_control,
           telecommand.acknowledgements, telecommand.service, telecommand.subtype);
    print_rewritten(telecommand.service, telecommand.subtype, &telecommand.fields);
    printf("\n");
}

static void print_frame(const hil_frame *frame) {
    uint8_t *exact = copy_exactly(frame->body, frame->body_bytes);
    uint8_t again[HIL_MAX_FRAME_BYTES];
    size_t count = hil_enframe(&frame->header, exact, frame->body_bytes, again, sizeof again);
    printf("frame %u %u %08x %u %u %u", frame->header.type, frame->header.poll, (unsigned)frame->header.tag,
           frame->header.sequence, frame->header.ack, frame->header.credit);
    print_hex("body", exact, frame->body_bytes);
    print_hex("again", again, count);
    printf("\n");
    if (frame->header.type == HIL_FRAME_DATA) {
        print_telecommand(exact, frame->body_bytes);
    }
    free(exact);
}

static void deframe(hil_deframer *deframer, const uint8_t *bytes, size_t count) {
    for (size_t taken = 0; taken < count;) {
        hil_frame frame;
        bool complete;
        taken += hil_deframe(deframer, bytes + taken, count - taken, &frame, &complete);
        if (complete) {
            print_frame(&frame);
        }
    }
}

/* Header fields and capacity as the request gives them, then the body. */
static void enframe(hil_reader *request) {
    hil_link_header header = {hil_get_u8(request),  hil_get_u8(request),  hil_get_u32(request),
                              hil_get_u16(request), hil_get_u16(request), hil_get_u16(request)};
    size_t capacity = hil_get_u16(request);
    hil_octets body = hil_get_rest(request);
    uint8_t *frame = malloc(capacity + 1); /* + 1: malloc(0) may be NULL */
    size_t count = hil_enframe(&header, body.bytes, body.count, frame, capacity);
    print_hex("frame", frame, count);
    printf("\n");
    free(frame);
}

static void telemetry(hil_reader *request) {
    uint8_t service = hil_get_u8(request);
    uint8_t subtype = hil_get_u8(request);
    uint16_t sequence_count = hil_get_u16(request);
    uint64_t uptime_us = hil_get_u64(request);
    hil_octets fields = hil_get_rest(request);
    uint8_t packet[HIL_MAX_PACKET_BYTES];
    hil_writer writer = hil_writer_over(packet, sizeof packet);
    hil_begin_telemetry(&writer, service, subtype, sequence_count, uptime_us);
    hil_put_octets(&writer, fields.bytes, fields.count);
    if (hil_end_telemetry(&writer)) {
        print_hex("packet", packet, writer.count);
    } else {
        printf(" too-long");
    }
    printf("\n");
}

uint8_t *copy_exactly(const uint8_t *bytes, size_t count) {
    uint8_t *copy = malloc(count > 0 ? count : 1);
    if (copy == NULL) {
        abort();
    }
    if (count > 0) {
        memcpy(copy, bytes, count);
    }
    return copy;
}

static void carry_out(int operation, const uint8_t *bytes, size_t count) {
    static hil_deframer deframer;
    hil_reader request = hil_reader_over(bytes, count);
    switch (operation) {
    case 'R': /* reset */
        hil_deframer_reset(&deframer);
        break;
    case 'F': /* feed */
        deframe(&deframer, bytes, count);
        break;
    case 'N': /* counts */
        printf("intact %u corrupt %u\n", (unsigned)deframer.intact, (unsigned)deframer.corrupt);
        break;
    case 'E':
        enframe(&request);
        break;
    case 'T':
        print_telecommand(bytes, count);
        break;
    case 'M':
        telemetry(&request);
        break;
    case 'C': /* checksums */
        printf("%08x %04x\n", (unsigned)hil_crc32(bytes, count), hil_crc16(bytes, count));
        break;
    case 'K': { /* CRC-32: how far behind a multiple of 8 the bytes stand, where they are cut in two, the bytes */
        uint8_t shift = hil_get_u8(&request);
        size_t cut = hil_get_u16(&request);
        hil_octets rest = hil_get_rest(&request);
        uint8_t *memory = malloc(shift + rest.count + (rest.count == 0)); /* aligned to 8; a sanitizer watches its end */
        if (memory == NULL || cut > rest.count) {
            exit(1);
        }
        uint8_t *exact = memory + shift;
        if (rest.count > 0) {
            memcpy(exact, rest.bytes, rest.count);
        }
        uint32_t pieces = hil_crc32_more(HIL_CRC32_START, exact, cut);
        pieces = ~hil_crc32_more(pieces, exact + cut, rest.count - cut);
        printf("%08x %08x\n", (unsigned)hil_crc32(exact, rest.count), (unsigned)pieces);
        free(memory);
        break;
    }
    case 'U': { /* unpack: service, subtype, fields */
        uint8_t service = hil_get_u8(&request);
        uint8_t subtype = hil_get_u8(&request);
        hil_octets rest = hil_get_rest(&request);
        uint8_t *exact = copy_exactly(rest.bytes, rest.count);
        hil_reader fields = hil_reader_over(exact, rest.count);
        print_rewritten(service, subtype, &fields);
        printf("\n");
        free(exact);
        break;
    }
    default:
        link_operation(operation, &request);
    }
}

int main(int count, char **words) {
    if (count == 4 && strcmp(words[1], "hostile") == 0) {
        return hostile((uint32_t)strtoul(words[2], NULL, 0), (uint32_t)strtoul(words[3], NULL, 0));
    }
    for (;;) {
        uint8_t head[5];
        if (fread(head, 1, sizeof head, stdin) != sizeof head) {
            return 0;
        }
        hil_reader reader = hil_reader_over(head + 1, 4);
        size_t length = hil_get_u32(&reader);
        uint8_t *bytes = malloc(length > 0 ? length : 1);
        if (bytes == NULL || fread(bytes, 1, length, stdin) != length) {
            return 1;
        }
        carry_out(head[0], bytes, length);
        free(bytes);
        printf("\n");
        fflush(stdout);
    }
}
