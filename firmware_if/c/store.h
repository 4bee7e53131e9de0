/* One record at a time in storage that may lose its power at any byte: two slots of half the storage each. A record goes
 * to the slot that does not hold the newest one: erase, body, the body read back, then the header with its sequence
 * number and checksums. Until the last byte of the header stands, the slot is not whole, and the other one is the newest.
 *
 *     slot | header 32: magic u32, sequence u32, bytes u32, CRC-32 of the body u32, CRC-32 of those 16 bytes u32, 0xFF ...
 *          | body
 *
 * Numbers are big-endian. A header takes a multiple of program_bytes.
 */
#ifndef HIL_STORE_H
#define HIL_STORE_H

#include <stddef.h>

#include "storage.h"

#define HIL_STORE_HEADER_BYTES 32u

typedef enum { HIL_SLOT_BLANK = 0, HIL_SLOT_TORN = 1, HIL_SLOT_WHOLE = 2 } hil_slot_state;

typedef struct {
    hil_slot_state state;
    uint32_t sequence;
    uint32_t bytes;
} hil_slot;

typedef struct {
    const hil_storage *storage;
    hil_slot slots[2];
    uint8_t target; /* slot being written */
    bool failed;
    uint32_t written; /* bytes of the body so far */
    uint32_t crc;     /* of them, running */
    uint32_t pending_bytes;
    uint8_t pending[HIL_STORAGE_MOST_PROGRAM_BYTES];
} hil_store;

/* Looks at both slots. A storage that makes no sense, or NULL, is as none: everything fails. */
void hil_store_open(hil_store *store, const hil_storage *storage);

/* Looks at them once more: a record may have decayed since. */
void hil_store_look_again(hil_store *store);

/* The newest whole record, NULL if there is none. */
const hil_slot *hil_store_newest(const hil_store *store);

/* Most bytes of a record's body; 0 without storage. */
uint32_t hil_store_capacity(const hil_store *store);

/* Writes a record of `bytes` bytes, piece by piece. hil_store_commit says whether it is now the newest; if not, the one
 * before it still is. */
void hil_store_begin(hil_store *store, uint32_t bytes);
void hil_store_append(hil_store *store, const uint8_t *bytes, uint32_t count);
bool hil_store_commit(hil_store *store);

/* Reads from the body of the newest record; false beyond its end. */
bool hil_store_read(const hil_store *store, uint32_t offset, uint8_t *bytes, uint32_t count);

#endif
