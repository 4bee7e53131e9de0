#include "payload.h"

#include <sanitizer/asan_interface.h>
#include <stdlib.h>
#include <string.h>

#include "../rewrite.h"

#define MOST_WAITS 4096u /* in one input: each wait is answered, so more of them wait for nothing */
#define SECOND_TAG 0x5EC0BD01u

const uint8_t fuzz_build_id[16] = {0xB0, 0x11, 0xD1, 0xD0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};

static fuzz_payload *only;

/* ------------------------------------------------------------------------------------------------- what it hears */
static size_t port_receive(void *context, uint8_t *bytes, size_t capacity) {
    fuzz_payload *payload = context;
    size_t count = payload->line_bytes < payload->piece_bytes ? payload->line_bytes : payload->piece_bytes;
    count = count < capacity ? count : capacity;
    ASAN_UNPOISON_MEMORY_REGION(bytes, capacity);
    memcpy(bytes, payload->line, count);
    ASAN_POISON_MEMORY_REGION(bytes + count, capacity - count);
    payload->line += count;
    payload->line_bytes -= count;
    return count;
}

static void queue(fuzz_payload *payload, hil_link_header header, const uint8_t *body, size_t count) {
    FUZZ_REQUIRE(payload->line_bytes == 0);
    payload->line = payload->frame;
    payload->line_bytes = hil_enframe(&header, body, count, payload->frame, sizeof payload->frame);
    payload->piece_bytes = sizeof payload->frame;
}

static void queue_hello(fuzz_payload *payload, uint32_t tag) {
    const uint8_t body[8] = {(uint8_t)(tag >> 24), (uint8_t)(tag >> 16), (uint8_t)(tag >> 8), (uint8_t)tag, 0, 0, 0, 9};
    queue(payload, (hil_link_header){.type = HIL_FRAME_HELLO_REQUEST}, body, sizeof body);
}

static uint32_t other_tag(const fuzz_payload *payload) {
    return payload->service.link.peer_tag == FUZZ_PEER_TAG ? SECOND_TAG : FUZZ_PEER_TAG;
}

/* Its window is full: everything it sent is acknowledged, now and then by another bench's session. */
static void port_wait(void *context) {
    fuzz_payload *payload = context;
    FUZZ_REQUIRE(++payload->waits < MOST_WAITS);
    if (payload->waits % 64u == 63u) {
        queue_hello(payload, other_tag(payload));
        return;
    }
    const hil_link *link = &payload->service.link;
    queue(payload, (hil_link_header){.type = HIL_FRAME_STATUS, .tag = link->tag, .ack = link->next_sequence, .credit = 65535u},
          NULL, 0);
}

/* -------------------------------------------------------------------------------------------------- what it says */
/* What is dumped is a piece of a model's state. */
static void hear_dump(const fuzz_payload *payload, const uint8_t *bytes, size_t count) {
    hil_reader reader = hil_reader_over(bytes, count);
    hil_memory_dump dump;
    hil_read_memory_dump(&reader, &dump);
    FUZZ_REQUIRE(dump.memory < payload->service.bank.model_count);
    const hil_model *model = payload->service.bank.models[dump.memory];
    FUZZ_REQUIRE((uint64_t)dump.address + dump.data.count <= model->state_bytes);
    FUZZ_REQUIRE(dump.checksum == fuzz_crc16(dump.data.bytes, dump.data.count));
}

static void hear_packet(fuzz_payload *payload, const hil_frame *frame) {
    static uint8_t room[REWRITTEN_BYTES];
    const uint8_t *packet = frame->body;
    const size_t count = frame->body_bytes;
    FUZZ_REQUIRE(count >= HIL_TM_HEADER_BYTES + HIL_CRC16_BYTES);
    FUZZ_REQUIRE((packet[0] << 8 | packet[1]) == (int)(0x0800u | HIL_APID));
    FUZZ_REQUIRE((size_t)(packet[4] << 8 | packet[5]) + 7u == count);
    FUZZ_REQUIRE(fuzz_crc16(packet, count) == 0);
    hil_reader fields =
        hil_reader_over(packet + HIL_TM_HEADER_BYTES, count - HIL_TM_HEADER_BYTES - HIL_CRC16_BYTES);
    hil_writer again = hil_writer_over(room, sizeof room);
    const uint8_t *from = fields.bytes;
    FUZZ_REQUIRE(rewrite_fields(packet[7], packet[8], &fields, &again) == REWRITE_DONE);
    FUZZ_REQUIRE(again.count == fields.count && memcmp(room, from, again.count) == 0);
    if (packet[7] == HIL_MEMORY_DUMP_SERVICE && packet[8] == HIL_MEMORY_DUMP_SUBTYPE) {
        hear_dump(payload, from, fields.count);
    }
    payload->last_service = packet[7];
    payload->last_subtype = packet[8];
    payload->packets++;
}

/* Every transmission is one intact frame of this session; telemetry comes in order, or again. */
static void port_transmit(void *context, const uint8_t *bytes, size_t count) {
    fuzz_payload *payload = context;
    hil_frame frame;
    bool complete;
    FUZZ_REQUIRE(count <= HIL_MAX_FRAME_BYTES);
    size_t taken = hil_deframe(&payload->heard, bytes, count, &frame, &complete);
    FUZZ_REQUIRE(complete && taken == count);
    hil_reader trailer = hil_reader_over(frame.body + frame.body_bytes, HIL_CRC32_BYTES);
    FUZZ_REQUIRE(hil_get_u32(&trailer) == fuzz_crc32(payload->heard.content, HIL_LINK_HEADER_BYTES + frame.body_bytes));
    FUZZ_REQUIRE(frame.header.tag == payload->service.link.peer_tag);
    if (frame.header.type == HIL_FRAME_HELLO) {
        FUZZ_REQUIRE(frame.body_bytes == 64u);
        payload->hellos++;
        payload->telemetry = payload->service.link.next_sequence; /* 0 where a session begins */
    } else if (frame.header.type == HIL_FRAME_DATA) {
        const uint16_t ahead = (uint16_t)(frame.header.sequence - payload->telemetry);
        FUZZ_REQUIRE(ahead == 0 || ahead >= (uint16_t)(0u - HIL_SEND_FRAMES)); /* new, or one that it sent before */
        payload->telemetry = (uint16_t)(payload->telemetry + (ahead == 0));
        hear_packet(payload, &frame);
    } else {
        FUZZ_REQUIRE(frame.header.type == HIL_FRAME_STATUS || frame.header.type == HIL_FRAME_REJECT);
        FUZZ_REQUIRE(frame.body_bytes == 0);
    }
}

/* -------------------------------------------------------------------------------------------- clock, power, flash */
static uint32_t port_ticks(void *context) {
    return ((fuzz_payload *)context)->ticks++;
}

static uint64_t port_uptime_us(void *context) {
    return ((fuzz_payload *)context)->uptime_us++;
}

static uint32_t port_entropy(void *context) {
    (void)context;
    return 7;
}

static void port_restart(void *context) {
    longjmp(((fuzz_payload *)context)->restarted, 1);
}

static void port_watch(void *context, hil_watch watch) {
    (void)context;
    (void)watch;
}

static bool read_cells(void *context, uint32_t address, uint8_t *bytes, uint32_t count) {
    const fuzz_payload *payload = context;
    FUZZ_REQUIRE(address <= payload->storage.bytes && count <= payload->storage.bytes - address);
    memcpy(bytes, payload->cells + address, count);
    return true;
}

static bool program_cells(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
    fuzz_payload *payload = context;
    const uint32_t unit = payload->storage.program_bytes;
    FUZZ_REQUIRE(address <= payload->storage.bytes && count <= payload->storage.bytes - address);
    FUZZ_REQUIRE(address % unit == 0 && count % unit == 0);
    for (uint32_t i = 0; i < count; i++) {
        if (payload->program_budget == 0) {
            port_restart(payload); /* the power went, and came back */
        }
        payload->program_budget -= payload->program_budget == UINT32_MAX ? 0u : 1u;
        FUZZ_REQUIRE(payload->cells[address + i] == HIL_STORAGE_ERASED);
        payload->cells[address + i] = bytes[i];
    }
    return true;
}

static bool erase_cells(void *context, uint32_t address) {
    fuzz_payload *payload = context;
    FUZZ_REQUIRE(address % payload->storage.sector_bytes == 0 && address < payload->storage.bytes);
    memset(payload->cells + address, HIL_STORAGE_ERASED, payload->storage.sector_bytes);
    return true;
}

/* ------------------------------------------------------------------------------------------------------ its health */
static void check_model(const fuzz_payload *payload, const hil_model *model) {
    const uint8_t *end = payload->arena + payload->service.bank.arena_used;
    uint32_t count;
    const uint8_t *memory = hil_model_memory(model, &count);
    FUZZ_REQUIRE(memory >= payload->arena && memory <= end && count <= (size_t)(end - memory));
    FUZZ_REQUIRE(model->memory >= memory && model->memory + model->state_bytes <= memory + count);
    FUZZ_REQUIRE(model->mapping->dimension <= HIL_MAX_FEATURES);
    for (size_t i = 0; i < model->mapping->inputs; i++) {
        FUZZ_REQUIRE(model->mapping->channels[i] < payload->service.bank.channels);
    }
}

static void check_tables(const fuzz_payload *payload) {
    const hil_bank *bank = &payload->service.bank;
    FUZZ_REQUIRE(bank->arena_used <= FUZZ_ARENA_BYTES && payload->service.data.used_bytes <= FUZZ_DATA_BYTES);
    FUZZ_REQUIRE(bank->channels <= HIL_MAX_CHANNELS && bank->class_count <= HIL_MAX_CLASSES);
    FUZZ_REQUIRE(bank->channels == 0 || bank->class_count >= 2u);
    FUZZ_REQUIRE(bank->model_count <= HIL_MAX_MODELS && bank->mapping_count <= HIL_MAX_MODELS);
    FUZZ_REQUIRE(bank->model_count == 0 || bank->channels > 0);
    FUZZ_REQUIRE(payload->service.data.count <= payload->service.data.capacity);
    const hil_link *link = &payload->service.link;
    FUZZ_REQUIRE((uint16_t)(link->next_sequence - link->oldest_unacked) <= HIL_SEND_FRAMES);
    for (uint8_t i = 0; i < bank->model_count; i++) {
        check_model(payload, bank->models[i]);
    }
}

/* ------------------------------------------------------------------------------------------------------ its power */
static void allocate(void) {
    only = calloc(1, sizeof *only);
    FUZZ_REQUIRE(only != NULL);
    only->arena = malloc(FUZZ_ARENA_BYTES);
    only->data = malloc(FUZZ_DATA_BYTES);
    only->cells = malloc(FUZZ_STORAGE_BYTES);
    FUZZ_REQUIRE(only->arena != NULL && only->data != NULL && only->cells != NULL);
}

fuzz_payload *fuzz_payload_new(uint32_t sector_bytes, uint32_t program_bytes) {
    if (only == NULL) {
        allocate();
    }
    uint8_t *const arena = only->arena;
    uint8_t *const data = only->data;
    uint8_t *const cells = only->cells;
    ASAN_UNPOISON_MEMORY_REGION(only, sizeof *only);
    memset(only, 0, sizeof *only);
    only->arena = arena;
    only->data = data;
    only->cells = cells;
    only->program_budget = UINT32_MAX;
    memset(arena, FUZZ_UNTOUCHED, FUZZ_ARENA_BYTES);
    memset(data, FUZZ_UNTOUCHED, FUZZ_DATA_BYTES);
    memset(cells, HIL_STORAGE_ERASED, FUZZ_STORAGE_BYTES);
    only->storage = (hil_storage){.context = only,
                                  .bytes = FUZZ_STORAGE_BYTES,
                                  .sector_bytes = sector_bytes,
                                  .program_bytes = program_bytes,
                                  .read = read_cells,
                                  .program = program_cells,
                                  .erase = erase_cells};
    return only;
}

void fuzz_payload_start(fuzz_payload *payload) {
    payload->port = (hil_port){.context = payload,
                               .receive = port_receive,
                               .transmit = port_transmit,
                               .wait = port_wait,
                               .ticks = port_ticks,
                               .uptime_us = port_uptime_us,
                               .mask = hil_mask_nothing,
                               .unmask = hil_unmask_nothing,
                               .interrupts = hil_no_interrupts,
                               .entropy = port_entropy,
                               .restart = port_restart,
                               .name = "fuzz",
                               .clock_kind = HIL_CLOCK_KIND_HOST,
                               .tick_factor = 1,
                               .receive_bytes = 4096,
                               .storage = &payload->storage,
                               .watch = port_watch,
                               .started_by_watchdog = payload->starts % 3u == 2u};
    ASAN_UNPOISON_MEMORY_REGION(&payload->service, sizeof payload->service);
    payload->starts++;
    payload->line_bytes = 0;
    payload->telemetry = 0;
    payload->program_budget = UINT32_MAX;
    hil_deframer_reset(&payload->heard);
    payload->hellos = 0;
    hil_service_open(&payload->service, &payload->port, fuzz_build_id,
                     (hil_memory){payload->arena, FUZZ_ARENA_BYTES, payload->data, FUZZ_DATA_BYTES});
    queue_hello(payload, FUZZ_PEER_TAG);
    hil_service_run(&payload->service);
    FUZZ_REQUIRE(payload->hellos == 2u);
}

void fuzz_payload_receive(fuzz_payload *payload, const uint8_t *bytes, size_t count, size_t piece) {
    payload->line = bytes;
    payload->line_bytes = count;
    payload->piece_bytes = piece;
    if (setjmp(payload->restarted) == 0) {
        hil_service_run(&payload->service);
        FUZZ_REQUIRE(payload->line_bytes == 0);
        check_tables(payload);
    } else {
        fuzz_payload_start(payload);
    }
}

void fuzz_payload_send(fuzz_payload *payload, hil_link_header header, const uint8_t *body, size_t count) {
    hil_link *link = &payload->service.link;
    header.tag = link->tag;
    if (header.type == HIL_FRAME_DATA) {
        header.sequence = link->expected;
        ASAN_UNPOISON_MEMORY_REGION(link->telecommand, sizeof link->telecommand);
        ASAN_POISON_MEMORY_REGION(link->telecommand + count, sizeof link->telecommand - count);
    }
    queue(payload, header, body, count);
    fuzz_payload_receive(payload, payload->line, payload->line_bytes, payload->piece_bytes);
    ASAN_UNPOISON_MEMORY_REGION(link->telecommand, sizeof link->telecommand);
}

void fuzz_payload_command(fuzz_payload *payload, const uint8_t key[2], const uint8_t *fields, size_t count, uint8_t flags) {
    uint8_t packet[HIL_MAX_PACKET_BYTES];
    const size_t most = sizeof packet - HIL_TC_HEADER_BYTES - HIL_CRC16_BYTES;
    count = count < most ? count : most;
    const uint16_t sequence = (uint16_t)(0xC000u | (payload->packet_sequence++ & 0x3FFFu));
    const uint8_t head[HIL_TC_HEADER_BYTES] = {
        (uint8_t)((0x1800u | HIL_APID) >> 8), (uint8_t)HIL_APID, (uint8_t)(sequence >> 8), (uint8_t)sequence, 0, 0,
        (uint8_t)(0x20u | (flags & 0xFu)), key[0], key[1], 0, 1};
    memcpy(packet, head, sizeof head);
    if (count > 0) {
        memcpy(packet + sizeof head, fields, count);
    }
    count += sizeof head + HIL_CRC16_BYTES;
    fuzz_mend_packet(packet, count);
    fuzz_payload_send(payload, (hil_link_header){.type = HIL_FRAME_DATA, .ack = payload->service.link.next_sequence,
                                                 .credit = 65535u, .poll = flags >> 4}, packet, count);
}

void fuzz_payload_check(fuzz_payload *payload) {
    static const uint8_t ALIVE[2] = {HIL_ARE_YOU_ALIVE_SERVICE, HIL_ARE_YOU_ALIVE_SUBTYPE};
    static const uint8_t DELIMITER = 0;
    check_tables(payload);
    fuzz_payload_receive(payload, &DELIMITER, 1, 1); /* what was begun is over */
    const uint32_t hellos = payload->hellos;
    queue_hello(payload, other_tag(payload));
    fuzz_payload_receive(payload, payload->line, payload->line_bytes, payload->piece_bytes);
    FUZZ_REQUIRE(payload->hellos == hellos + 1u);
    const uint32_t packets = payload->packets;
    fuzz_payload_command(payload, ALIVE, NULL, 0, 0);
    FUZZ_REQUIRE(payload->packets == packets + 1u && payload->last_service == HIL_ALIVE_SERVICE &&
                 payload->last_subtype == HIL_ALIVE_SUBTYPE);
    check_tables(payload);
}
