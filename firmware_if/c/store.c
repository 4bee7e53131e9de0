#include "store.h"

#include <string.h>

#include "frame.h"
#include "octets.h"

#define MAGIC 0x48434B31u /* 'HCK1' */
#define CHECKED_BYTES 16u /* of a header */
#define PIECE_BYTES 64u

static uint32_t slot_bytes(const hil_storage *storage) {
    return storage->bytes / 2u;
}

static uint32_t slot_start(const hil_store *store, unsigned slot) {
    return slot * slot_bytes(store->storage);
}

static bool makes_sense(const hil_storage *storage) {
    const uint32_t unit = storage->program_bytes;
    return storage->sector_bytes >= 2u * HIL_STORE_HEADER_BYTES && storage->bytes >= 2u * storage->sector_bytes &&
           storage->bytes % (2u * storage->sector_bytes) == 0 && unit > 0 && unit <= HIL_STORAGE_MOST_PROGRAM_BYTES &&
           (unit & (unit - 1u)) == 0 && storage->sector_bytes % unit == 0;
}

/* CRC-32 of a stretch as it stands; false where it cannot be read. */
static bool crc_of(const hil_storage *storage, uint32_t address, uint32_t count, uint32_t *crc) {
    uint8_t piece[PIECE_BYTES];
    *crc = HIL_CRC32_START;
    while (count > 0) {
        const uint32_t length = count < PIECE_BYTES ? count : PIECE_BYTES;
        if (!storage->read(storage->context, address, piece, length)) {
            return false;
        }
        *crc = hil_crc32_more(*crc, piece, length);
        address += length;
        count -= length;
    }
    *crc = ~*crc;
    return true;
}

static bool is_blank(const uint8_t *bytes, size_t count) {
    bool blank = true;
    for (size_t i = 0; i < count; i++) {
        blank = blank && bytes[i] == HIL_STORAGE_ERASED;
    }
    return blank;
}

static bool is_nothing(const uint8_t *bytes, size_t count) {
    bool zero = true;
    for (size_t i = 0; i < count; i++) {
        zero = zero && bytes[i] == 0;
    }
    return zero;
}

static hil_slot look_at(const hil_store *store, unsigned slot) {
    const hil_storage *storage = store->storage;
    const uint32_t start = slot_start(store, slot);
    uint8_t header[HIL_STORE_HEADER_BYTES];
    if (!storage->read(storage->context, start, header, sizeof header)) {
        return (hil_slot){.state = HIL_SLOT_TORN};
    }
    if (is_nothing(header, sizeof header)) { /* storage that was never erased may read as zeros */
        return (hil_slot){.state = HIL_SLOT_BLANK};
    }
    if (is_blank(header, sizeof header)) { /* a body without a header was never finished */
        uint8_t body[HIL_STORE_HEADER_BYTES];
        const bool begun = !storage->read(storage->context, start + sizeof header, body, sizeof body) ||
                           !is_blank(body, sizeof body);
        return (hil_slot){.state = begun ? HIL_SLOT_TORN : HIL_SLOT_BLANK};
    }
    hil_reader reader = hil_reader_over(header, sizeof header);
    const uint32_t magic = hil_get_u32(&reader);
    hil_slot found = {.state = HIL_SLOT_TORN};
    const uint32_t sequence = hil_get_u32(&reader);
    const uint32_t bytes = hil_get_u32(&reader);
    const uint32_t body_crc = hil_get_u32(&reader);
    const uint32_t header_crc = hil_get_u32(&reader);
    uint32_t crc;
    if (magic == MAGIC && header_crc == hil_crc32(header, CHECKED_BYTES) && bytes <= hil_store_capacity(store) &&
        crc_of(storage, start + HIL_STORE_HEADER_BYTES, bytes, &crc) && crc == body_crc) {
        found = (hil_slot){.state = HIL_SLOT_WHOLE, .sequence = sequence, .bytes = bytes};
    }
    return found;
}

void hil_store_open(hil_store *store, const hil_storage *storage) {
    memset(store, 0, sizeof *store);
    if (storage == NULL || !makes_sense(storage)) {
        return;
    }
    store->storage = storage;
    hil_store_look_again(store);
}

void hil_store_look_again(hil_store *store) {
    for (unsigned slot = 0; slot < 2u && store->storage != NULL; slot++) {
        store->slots[slot] = look_at(store, slot);
    }
}

uint32_t hil_store_capacity(const hil_store *store) {
    return store->storage == NULL ? 0 : slot_bytes(store->storage) - HIL_STORE_HEADER_BYTES;
}

/* Sequence numbers wrap: of two records, the newer is less than half the numbers ahead. */
static int newest(const hil_store *store) {
    const hil_slot *slots = store->slots;
    const bool first = slots[0].state == HIL_SLOT_WHOLE;
    const bool second = slots[1].state == HIL_SLOT_WHOLE;
    if (first && second) {
        return (slots[1].sequence - slots[0].sequence) < 0x80000000u ? 1 : 0;
    }
    return first ? 0 : second ? 1 : -1;
}

const hil_slot *hil_store_newest(const hil_store *store) {
    const int slot = newest(store);
    return slot < 0 ? NULL : &store->slots[slot];
}

void hil_store_begin(hil_store *store, uint32_t bytes) {
    store->failed = bytes == 0 || bytes > hil_store_capacity(store);
    if (store->failed) {
        return;
    }
    store->target = newest(store) == 0 ? 1u : 0u;
    store->slots[store->target].state = HIL_SLOT_TORN;
    store->slots[store->target].bytes = bytes;
    store->written = 0;
    store->crc = HIL_CRC32_START;
    store->pending_bytes = 0;
    const hil_storage *storage = store->storage;
    const uint32_t start = slot_start(store, store->target);
    for (uint32_t done = 0; done < bytes + HIL_STORE_HEADER_BYTES && !store->failed; done += storage->sector_bytes) {
        store->failed = !storage->erase(storage->context, start + done);
    }
}

/* Programs what is pending, filled up to a multiple of the storage's unit. */
static void program_pending(hil_store *store) {
    const hil_storage *storage = store->storage;
    const uint32_t address = slot_start(store, store->target) + HIL_STORE_HEADER_BYTES +
                             (store->written - store->pending_bytes);
    const uint32_t unit = storage->program_bytes;
    const uint32_t filled = (store->pending_bytes + unit - 1u) & ~(unit - 1u);
    memset(store->pending + store->pending_bytes, HIL_STORAGE_ERASED, filled - store->pending_bytes);
    store->failed = !storage->program(storage->context, address, store->pending, filled);
    store->pending_bytes = 0;
}

void hil_store_append(hil_store *store, const uint8_t *bytes, uint32_t count) {
    if (store->failed || count > store->slots[store->target].bytes - store->written) {
        store->failed = true;
        return;
    }
    store->crc = hil_crc32_more(store->crc, bytes, count);
    for (uint32_t i = 0; i < count && !store->failed; i++) {
        store->pending[store->pending_bytes++] = bytes[i];
        store->written++;
        if (store->pending_bytes == sizeof store->pending) {
            program_pending(store);
        }
    }
}

static bool program_header(hil_store *store, uint32_t sequence) {
    uint8_t header[HIL_STORE_HEADER_BYTES];
    memset(header, HIL_STORAGE_ERASED, sizeof header);
    hil_writer writer = hil_writer_over(header, sizeof header);
    hil_put_u32(&writer, MAGIC);
    hil_put_u32(&writer, sequence);
    hil_put_u32(&writer, store->written);
    hil_put_u32(&writer, ~store->crc);
    hil_put_u32(&writer, hil_crc32(header, CHECKED_BYTES));
    const hil_storage *storage = store->storage;
    return storage->program(storage->context, slot_start(store, store->target), header, sizeof header);
}

bool hil_store_commit(hil_store *store) {
    const hil_slot *before = hil_store_newest(store);
    if (!store->failed && store->pending_bytes > 0) {
        program_pending(store);
    }
    uint32_t crc = 0;
    const uint32_t body = store->storage == NULL ? 0 : slot_start(store, store->target) + HIL_STORE_HEADER_BYTES;
    if (store->failed || store->written != store->slots[store->target].bytes ||
        !crc_of(store->storage, body, store->written, &crc) || crc != ~store->crc) {
        return false;
    }
    const uint32_t sequence = before == NULL ? 1u : before->sequence + 1u;
    if (!program_header(store, sequence)) {
        return false;
    }
    store->slots[store->target] = look_at(store, store->target);
    return store->slots[store->target].state == HIL_SLOT_WHOLE;
}

bool hil_store_read(const hil_store *store, uint32_t offset, uint8_t *bytes, uint32_t count) {
    const int slot = newest(store);
    if (slot < 0 || offset > store->slots[slot].bytes || count > store->slots[slot].bytes - offset) {
        return false;
    }
    const uint32_t address = slot_start(store, (unsigned)slot) + HIL_STORE_HEADER_BYTES + offset;
    return store->storage->read(store->storage->context, address, bytes, count);
}
