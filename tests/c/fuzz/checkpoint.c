/* Storage that holds anything, when the payload starts. Input: flags, then an image of the storage, or records that the
 * harness puts into slots with right checksums. What is accepted is compared with an independent reading of the slots;
 * what was resumed must come through a checkpoint and another start as it is. */
#include <string.h>

#include "payload.h"
#include "record.h"

#define MADE 0x01u      /* flag: slots are made around records */
#define THIS_BUILD 0x02u /* flag: a record begins with this build's id */
#define ZEROS 0x04u     /* flag: the rest of the storage is zeros, not erased */
#define BOTH 0x08u      /* flag: there are two records */
#define LIES 0x10u      /* flag: the headers give lengths of their own */
#define RECORD_HEAD_BYTES 61u    /* build id, rows, next row, watchdog, models, stream */
#define RECORD_LENGTHS_BYTES 11u /* of a model: create u16, protect u8, memory u32, updates u32 */
#define MAGIC 0x48434B31u
#define SLOT_BYTES (FUZZ_STORAGE_BYTES / 2u)
#define BODY_BYTES (SLOT_BYTES - HIL_STORE_HEADER_BYTES)

static const struct {
    uint32_t sector_bytes;
    uint32_t program_bytes;
} GEOMETRIES[] = {{1024, 4}, {512, 32}, {4096, 1}, {8192, 8}};

static uint32_t get_u32(const uint8_t *bytes) {
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void put_u32(uint8_t *bytes, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
}

/* One slot with a record in it; how many bytes of the input it took: sequence u8, length u16, record. */
static size_t make_slot(uint8_t *slot, const uint8_t *bytes, size_t count, uint8_t flags) {
    if (count < 3u) {
        return count;
    }
    const uint32_t said = (uint32_t)(bytes[1] << 8 | bytes[2]);
    size_t length = said < count - 3u ? said : count - 3u;
    length = length < BODY_BYTES ? length : BODY_BYTES;
    uint8_t *body = slot + HIL_STORE_HEADER_BYTES;
    memset(slot, HIL_STORAGE_ERASED, HIL_STORE_HEADER_BYTES);
    memcpy(body, bytes + 3, length);
    if ((flags & THIS_BUILD) != 0 && length >= sizeof fuzz_build_id) {
        memcpy(body, fuzz_build_id, sizeof fuzz_build_id);
    }
    put_u32(slot, MAGIC);
    put_u32(slot + 4, bytes[0] < 0x80u ? bytes[0] : 0xFFFFFF00u | bytes[0]);
    put_u32(slot + 8, (flags & LIES) != 0 ? said : (uint32_t)length);
    put_u32(slot + 12, fuzz_crc32(body, length));
    put_u32(slot + 16, fuzz_crc32(slot, 16));
    return 3u + length;
}

static void fill(fuzz_payload *payload, const uint8_t *bytes, size_t count, uint8_t flags) {
    if ((flags & ZEROS) != 0) {
        memset(payload->cells, 0, FUZZ_STORAGE_BYTES);
    }
    if ((flags & MADE) == 0) {
        memcpy(payload->cells, bytes, count < FUZZ_STORAGE_BYTES ? count : FUZZ_STORAGE_BYTES);
        return;
    }
    const size_t taken = make_slot(payload->cells, bytes, count, flags);
    if ((flags & BOTH) != 0) {
        (void)make_slot(payload->cells + SLOT_BYTES, bytes + taken, count - taken, flags);
    }
}

static bool is_whole(const uint8_t *slot) {
    const uint32_t length = get_u32(slot + 8);
    return get_u32(slot) == MAGIC && get_u32(slot + 16) == fuzz_crc32(slot, 16) && length <= BODY_BYTES &&
           get_u32(slot + 12) == fuzz_crc32(slot + HIL_STORE_HEADER_BYTES, length);
}

/* What the payload took for whole is whole, and the newest is the newest; -1: there is none. */
static int check_slots(const fuzz_payload *payload, const hil_store *store) {
    bool whole[2];
    for (unsigned i = 0; i < 2u; i++) {
        const uint8_t *slot = payload->cells + i * SLOT_BYTES;
        whole[i] = is_whole(slot);
        FUZZ_REQUIRE((store->slots[i].state == HIL_SLOT_WHOLE) == whole[i]);
        FUZZ_REQUIRE(!whole[i] || (store->slots[i].sequence == get_u32(slot + 4) && store->slots[i].bytes == get_u32(slot + 8)));
    }
    const uint32_t ahead = get_u32(payload->cells + SLOT_BYTES + 4) - get_u32(payload->cells + 4);
    const int newest = whole[0] && whole[1] ? (ahead < 0x80000000u ? 1 : 0) : whole[0] ? 0 : whole[1] ? 1 : -1;
    FUZZ_REQUIRE(hil_store_newest(store) == (newest < 0 ? NULL : &store->slots[newest]));
    return newest;
}

/* What was made of a record is what the record says, field by field as SPEC.md has them. */
static void check_record(const fuzz_payload *payload, const uint8_t *body, size_t bytes) {
    const hil_bank *bank = &payload->service.bank;
    size_t at = RECORD_HEAD_BYTES;
    FUZZ_REQUIRE(bytes >= at && bank->model_count == body[25] && payload->service.stream.next_row == get_u32(body + 20));
    for (uint8_t i = 0; i < bank->model_count; i++) {
        uint32_t count;
        const uint8_t *memory = hil_model_memory(bank->models[i], &count);
        FUZZ_REQUIRE(bytes - at >= RECORD_LENGTHS_BYTES);
        const uint8_t *lengths = body + at;
        at += RECORD_LENGTHS_BYTES + (size_t)(lengths[0] << 8 | lengths[1]) + lengths[2];
        FUZZ_REQUIRE(get_u32(lengths + 3) == count && bank->models[i]->updates == get_u32(lengths + 7));
        FUZZ_REQUIRE(at <= bytes && count <= bytes - at && memcmp(memory, body + at, count) == 0);
        at += count;
    }
}

/* Models were made and filled from the record: nothing was written behind them. */
static void check_arena(const fuzz_payload *payload) {
    for (uint32_t i = payload->service.bank.arena_used; i < FUZZ_ARENA_BYTES; i++) {
        FUZZ_REQUIRE(payload->arena[i] == FUZZ_UNTOUCHED);
    }
}

/* All that a resumed payload holds, in one number. */
static uint32_t state_of(const fuzz_payload *payload) {
    const hil_bank *bank = &payload->service.bank;
    uint32_t sum = bank->channels + 7u * bank->model_count + 31u * bank->class_count + payload->service.stream.next_row;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        uint32_t count;
        const uint8_t *memory = hil_model_memory(bank->models[i], &count);
        sum = sum * 31u + fuzz_crc32(memory, count);
    }
    return sum;
}

/* A checkpoint of it, read by the next start, is the same again. */
static void check_again(fuzz_payload *payload) {
    static const uint8_t KEEP[2] = {HIL_PROTECT_BANK_SERVICE, HIL_PROTECT_BANK_SUBTYPE};
    static const uint8_t EVERY_ROW[5] = {0, 0, 0, 1, 0};
    const uint32_t written = payload->service.checkpoints.written;
    fuzz_payload_command(payload, KEEP, EVERY_ROW, sizeof EVERY_ROW, 0);
    if (payload->service.checkpoints.written == written) {
        return; /* refused: it does not fit */
    }
    const uint32_t state = state_of(payload);
    fuzz_payload_start(payload);
    FUZZ_REQUIRE(payload->service.checkpoints.resumed);
    FUZZ_REQUIRE(state_of(payload) == state);
}

static void ask_everything(fuzz_payload *payload) {
    static const uint8_t STATISTICS[2] = {HIL_REQUEST_STATISTICS_SERVICE, HIL_REQUEST_STATISTICS_SUBTYPE};
    static const uint8_t REPORT[2] = {HIL_REQUEST_PROTECTION_SERVICE, HIL_REQUEST_PROTECTION_SUBTYPE};
    static const uint8_t SAMPLES[2] = {HIL_SAMPLES_SERVICE, HIL_SAMPLES_SUBTYPE};
    const hil_bank *bank = &payload->service.bank;
    uint8_t row[4u + 6u + 4u * HIL_MAX_CHANNELS] = {0};
    put_u32(row, payload->service.stream.next_row);
    row[8] = (uint8_t)((uint16_t)bank->classes[0] >> 8);
    row[9] = (uint8_t)bank->classes[0];
    fuzz_payload_command(payload, SAMPLES, row, 10u + 4u * (size_t)bank->channels, 0);
    fuzz_payload_command(payload, REPORT, NULL, 0, 0);
    fuzz_payload_command(payload, STATISTICS, NULL, 0, 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 1) {
        return 0;
    }
    const uint8_t flags = bytes[0];
    const size_t geometry = flags >> 6;
    fuzz_payload *payload = fuzz_payload_new(GEOMETRIES[geometry].sector_bytes, GEOMETRIES[geometry].program_bytes);
    fill(payload, bytes + 1, count - 1u, flags);
    fuzz_payload_start(payload);
    const hil_checkpoints *checkpoints = &payload->service.checkpoints;
    const int newest = check_slots(payload, &checkpoints->store);
    if (checkpoints->resumed) {
        const uint8_t *body = payload->cells + (newest > 0 ? SLOT_BYTES : 0) + HIL_STORE_HEADER_BYTES;
        FUZZ_REQUIRE(newest >= 0 && memcmp(body, fuzz_build_id, sizeof fuzz_build_id) == 0);
        check_record(payload, body, checkpoints->store.slots[newest].bytes);
        check_arena(payload);
        ask_everything(payload);
        check_again(payload);
    } else {
        FUZZ_REQUIRE(payload->service.bank.model_count == 0 && payload->service.bank.channels == 0);
    }
    fuzz_payload_check(payload);
    return 0;
}
