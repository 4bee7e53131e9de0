/* The whole payload on a port of memory, for fuzz targets: its line is what the target gives it, its clock and storage
 * are made up, and everything it says is checked. Equal inputs give equal runs.
 *
 * What the payload may read of a received piece and of a telecommand ends where they do: the rest of its buffers is
 * poisoned, so that the address sanitizer sees the first byte beyond.
 */
#ifndef FUZZ_PAYLOAD_H
#define FUZZ_PAYLOAD_H

#include <setjmp.h>

#include "fuzz.h"
#include "service.h"

#define FUZZ_UNTOUCHED 0xA5u /* what fills arena and data region of a payload from the factory */
#define FUZZ_ARENA_BYTES 12288u
#define FUZZ_DATA_BYTES 4096u
#define FUZZ_STORAGE_BYTES 16384u
#define FUZZ_PEER_TAG 0xF00DF00Du

typedef struct {
    hil_service service;
    hil_port port;
    hil_storage storage;
    uint8_t *arena; /* this and the next two: heap blocks of exactly their size */
    uint8_t *data;
    uint8_t *cells;
    uint32_t program_budget; /* bytes that may still be programmed before the power goes; UINT32_MAX: no cut */

    const uint8_t *line; /* what is still to be received */
    size_t line_bytes;
    size_t piece_bytes; /* most bytes of one receive */
    uint8_t frame[HIL_MAX_FRAME_BYTES];

    hil_deframer heard; /* what the payload says */
    uint16_t telemetry; /* sequence of the next packet */
    uint32_t hellos;
    uint32_t packets;
    uint8_t last_service;
    uint8_t last_subtype;

    uint16_t packet_sequence;
    uint32_t ticks;
    uint64_t uptime_us;
    uint32_t waits;
    uint32_t starts;
    jmp_buf restarted;
} fuzz_payload;

extern const uint8_t fuzz_build_id[16];

/* The one payload, as from the factory: its storage erased, its power off. */
fuzz_payload *fuzz_payload_new(uint32_t sector_bytes, uint32_t program_bytes);

/* Power on, and a session. RAM is as it was left. */
void fuzz_payload_start(fuzz_payload *payload);

/* Has it receive bytes, `piece` at a time at most, and do what they ask for. */
void fuzz_payload_receive(fuzz_payload *payload, const uint8_t *bytes, size_t count, size_t piece);

/* Sends it one frame with a body; `header` without tag, and for Data without sequence. The body's copy in the payload is
 * followed by poison. */
void fuzz_payload_send(fuzz_payload *payload, hil_link_header header, const uint8_t *body, size_t count);

/* Sends it a telecommand with that envelope made right, in a frame that acknowledges everything heard. */
void fuzz_payload_command(fuzz_payload *payload, const uint8_t key[2], const uint8_t *fields, size_t count, uint8_t flags);

/* It still answers, and its tables are within their bounds. */
void fuzz_payload_check(fuzz_payload *payload);

#endif
