/* Telecommands, one after another, in frames made right for them, and what else may happen to a payload meanwhile.
 * Input: operations of a kind (1 byte), flags (1), a length (1) and as many bytes. */
#include <stdlib.h>
#include <string.h>

#include "payload.h"

#define MOST_OPERATIONS 64u
#define EXACT 0x80u /* flag: what the harness would make right stays as it is */

static const uint8_t KEYS[][2] = {
    {HIL_SAMPLES_SERVICE, HIL_SAMPLES_SUBTYPE},
    {HIL_LOAD_MEMORY_SERVICE, HIL_LOAD_MEMORY_SUBTYPE},
    {HIL_ARE_YOU_ALIVE_SERVICE, HIL_ARE_YOU_ALIVE_SUBTYPE},
    {HIL_REQUEST_HOUSEKEEPING_SERVICE, HIL_REQUEST_HOUSEKEEPING_SUBTYPE},
    {HIL_DUMP_MEMORY_SERVICE, HIL_DUMP_MEMORY_SUBTYPE},
    {HIL_LIST_SERVICE, HIL_LIST_SUBTYPE},
    {HIL_CONFIGURE_STREAM_SERVICE, HIL_CONFIGURE_STREAM_SUBTYPE},
    {HIL_CREATE_MODEL_SERVICE, HIL_CREATE_MODEL_SUBTYPE},
    {HIL_PROTECT_MODEL_SERVICE, HIL_PROTECT_MODEL_SUBTYPE},
    {HIL_PROTECT_BANK_SERVICE, HIL_PROTECT_BANK_SUBTYPE},
    {HIL_REQUEST_PROTECTION_SERVICE, HIL_REQUEST_PROTECTION_SUBTYPE},
    {HIL_PREDICT_SERVICE, HIL_PREDICT_SUBTYPE},
    {HIL_OPEN_DATA_SET_SERVICE, HIL_OPEN_DATA_SET_SUBTYPE},
    {HIL_TRAIN_EPOCH_SERVICE, HIL_TRAIN_EPOCH_SUBTYPE},
    {HIL_REQUEST_STATISTICS_SERVICE, HIL_REQUEST_STATISTICS_SUBTYPE},
    {HIL_RESET_BANK_SERVICE, HIL_RESET_BANK_SUBTYPE},
    {HIL_RESTART_SERVICE, HIL_RESTART_SUBTYPE},
};
enum { SAMPLES = 0, LOAD_MEMORY = 1, ANY_KEY = sizeof KEYS / sizeof KEYS[0], BARE_PACKET, BARE_FRAME, UPSET, POWER, CUT, TIME, KINDS };

static void put_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* The number of the next row; the checksum of what is loaded. */
static void mend_fields(const fuzz_payload *payload, uint8_t kind, uint8_t *fields, size_t count) {
    if (kind == SAMPLES && count >= 4u) {
        put_u32(fields, payload->service.stream.next_row);
    } else if (kind == LOAD_MEMORY && count >= 10u) {
        const size_t data = count - 10u;
        fields[6] = (uint8_t)(data >> 8);
        fields[7] = (uint8_t)data;
        const uint16_t crc = fuzz_crc16(fields + 8, data);
        fields[count - 2u] = (uint8_t)(crc >> 8);
        fields[count - 1u] = (uint8_t)crc;
    }
}

/* A bit turns over in a model's memory or one of the copies of it. */
static void upset(fuzz_payload *payload, const uint8_t *bytes, size_t count) {
    const hil_bank *bank = &payload->service.bank;
    if (count < 4u || bank->model_count == 0) {
        return;
    }
    const hil_model *model = bank->models[bytes[0] % bank->model_count];
    uint32_t size;
    uint8_t *memory = hil_model_memory(model, &size);
    const uint32_t before = (uint32_t)(model->memory - memory); /* parameters are trusted where there is no guard */
    if (model->state_bytes > 0) {
        memory[before + (uint32_t)(bytes[1] << 8 | bytes[2]) % model->state_bytes] ^= (uint8_t)(1u << (bytes[3] % 8u));
    }
}

static void bare_frame(fuzz_payload *payload, const uint8_t *bytes, size_t count) {
    if (count < 4u) {
        return;
    }
    fuzz_payload_send(payload, (hil_link_header){.type = bytes[0], .poll = bytes[1], .credit = 65535u,
                                                 .ack = (uint16_t)(payload->service.link.next_sequence + 16u - bytes[2])},
                      bytes + 3, count - 3u);
}

static void carry_out(fuzz_payload *payload, uint8_t kind, uint8_t flags, uint8_t *bytes, size_t count) {
    switch (kind) {
    case ANY_KEY:
        if (count >= 2u) {
            fuzz_payload_command(payload, bytes, bytes + 2, count - 2u, flags);
        }
        break;
    case BARE_PACKET:
        if ((flags & EXACT) == 0) {
            fuzz_mend_packet(bytes, count);
        }
        fuzz_payload_send(payload, (hil_link_header){.type = HIL_FRAME_DATA, .credit = 65535u}, bytes, count);
        break;
    case BARE_FRAME:
        bare_frame(payload, bytes, count);
        break;
    case UPSET:
        upset(payload, bytes, count);
        break;
    case POWER:
        fuzz_payload_start(payload);
        break;
    case CUT:
        payload->program_budget = count == 0 ? 0 : (uint32_t)(flags << 8 | bytes[0]);
        break;
    case TIME:
        payload->uptime_us += 1000u + flags;
        hil_service_idle(&payload->service);
        break;
    default:
        if ((flags & EXACT) == 0) {
            mend_fields(payload, kind, bytes, count);
        }
        fuzz_payload_command(payload, KEYS[kind], bytes, count, flags & 0x1Fu);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    fuzz_payload *payload = fuzz_payload_new(1024, 4);
    fuzz_payload_start(payload);
    for (unsigned n = 0; n < MOST_OPERATIONS && count >= 3u; n++) {
        const uint8_t kind = bytes[0] % KINDS;
        const uint8_t flags = bytes[1];
        size_t length = (size_t)bytes[2] * ((flags & 0x40u) != 0 ? 4u : 1u);
        bytes += 3;
        count -= 3u;
        length = length < count ? length : count;
        length = length < HIL_MAX_PACKET_BYTES ? length : HIL_MAX_PACKET_BYTES;
        uint8_t *exact = fuzz_copy(bytes, length);
        carry_out(payload, kind, flags, exact, length);
        free(exact);
        bytes += length;
        count -= length;
    }
    payload->program_budget = UINT32_MAX;
    fuzz_payload_check(payload);
    return 0;
}
