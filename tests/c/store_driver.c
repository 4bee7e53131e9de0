/* Power cuts at every boundary of every write of the two-slot store. The storage is NOR flash in memory that loses its
 * power before, in the middle of and after each single byte it programs, and at every byte of an erase; what was
 * under way is left half done in one of several ways. RAM is then kept, decayed or randomised, and the store opened anew.
 *
 *     store_driver BYTES SECTOR UNIT RECORDS
 *
 * Prints: boundaries cut, recoveries, of them to the record before the cut one, to the cut one.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store.h"

#define MOST_BYTES 65536u
#define REMAINS 4u /* ways in which half-done work is left */
#define RAMS 3u    /* kept, decayed, randomised */

typedef struct {
    uint8_t cells[MOST_BYTES];
    uint32_t sector_bytes;
    uint64_t steps;     /* single bytes programmed or erased, each one before and after */
    uint64_t cut_at;    /* the power goes at this step */
    unsigned remains;
    uint32_t random;
    bool off;
    bool dirty_program; /* a byte that was not erased was programmed */
} flash;

static uint32_t draw(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Whether the power goes now. */
static bool cut(flash *self) {
    self->off = self->off || self->steps == self->cut_at;
    self->steps++;
    return self->off;
}

static bool read_flash(void *context, uint32_t address, uint8_t *bytes, uint32_t count) {
    flash *self = context;
    memcpy(bytes, self->cells + address, count);
    return !self->off;
}

/* A byte whose programming was cut: none, some or all of its bits, or bits that nobody asked for. */
static uint8_t half_programmed(flash *self, uint8_t old, uint8_t wanted) {
    switch (self->remains) {
    case 0:
        return old;
    case 1:
        return (uint8_t)(old & (wanted | draw(&self->random)));
    case 2:
        return old & wanted;
    default:
        return (uint8_t)draw(&self->random);
    }
}

static bool program_flash(void *context, uint32_t address, const uint8_t *bytes, uint32_t count) {
    flash *self = context;
    for (uint32_t i = 0; i < count; i++) {
        uint8_t *cell = &self->cells[address + i];
        self->dirty_program = self->dirty_program || *cell != HIL_STORAGE_ERASED;
        if (cut(self)) {
            return false;
        }
        if (cut(self)) {
            *cell = half_programmed(self, *cell, bytes[i]);
            return false;
        }
        *cell &= bytes[i];
    }
    return !self->off;
}

static bool erase_flash(void *context, uint32_t address) {
    flash *self = context;
    for (uint32_t i = 0; i < self->sector_bytes; i++) {
        if (cut(self)) {
            /* Cells of a sector are erased together: the rest of it is anything between what it was and erased. */
            for (uint32_t j = i; j < self->sector_bytes && self->remains > 0; j++) {
                uint8_t *cell = &self->cells[address + j];
                *cell = self->remains == 3 ? (uint8_t)draw(&self->random) : (uint8_t)(*cell | draw(&self->random));
            }
            return false;
        }
        self->cells[address + i] = HIL_STORAGE_ERASED;
    }
    return !cut(self);
}

/* Record n: its length and bytes follow from n. */
static uint32_t make_record(uint32_t number, uint32_t capacity, uint8_t *bytes) {
    uint32_t random = number * 2654435761u + 1u;
    const uint32_t count = 1u + draw(&random) % capacity;
    for (uint32_t i = 0; i < count; i++) {
        bytes[i] = (uint8_t)draw(&random);
    }
    return count;
}

static bool write_record(hil_store *store, uint32_t number) {
    static uint8_t bytes[MOST_BYTES];
    const uint32_t count = make_record(number, hil_store_capacity(store), bytes);
    hil_store_begin(store, count);
    for (uint32_t at = 0; at < count;) { /* in pieces of 1 to 7 bytes */
        const uint32_t piece = 1u + at % 7u < count - at ? 1u + at % 7u : count - at;
        hil_store_append(store, bytes + at, piece);
        at += piece;
    }
    return hil_store_commit(store);
}

/* Number of the record that the store gives back whole, 0 for none; ends the program where it is another's bytes. */
static uint32_t recover(const hil_store *store) {
    static uint8_t expected[MOST_BYTES];
    static uint8_t found[MOST_BYTES];
    const hil_slot *slot = hil_store_newest(store);
    if (slot == NULL) {
        return 0;
    }
    const uint32_t count = make_record(slot->sequence, hil_store_capacity(store), expected);
    if (slot->bytes != count || !hil_store_read(store, 0, found, count) || memcmp(expected, found, count) != 0) {
        printf("torn record %" PRIu32 " accepted\n", slot->sequence);
        exit(1);
    }
    return slot->sequence;
}

/* What becomes of RAM without power: kept, decayed (bits fall to 0), randomised. */
static void leave_ram(hil_store *store, unsigned way, uint32_t *random) {
    uint8_t *bytes = (uint8_t *)store;
    for (size_t i = 0; i < sizeof *store && way > 0; i++) {
        const uint32_t noise = draw(random);
        bytes[i] = way == 2u ? (uint8_t)noise : (uint8_t)(bytes[i] & (noise | noise >> 8 | noise >> 16));
    }
}

typedef struct {
    uint64_t cuts;
    uint64_t recoveries;
    uint64_t before;
    uint64_t newer;
} tally;

/* Cuts the writing of record `number` at one step, in one way, then goes on to the record after it. */
static bool cut_once(const flash *from, const hil_storage *storage, flash *now, uint32_t number, tally *count) {
    static hil_store store;
    const uint64_t at = now->cut_at;
    const unsigned remains = now->remains;
    for (unsigned ram = 0; ram < RAMS; ram++) {
        *now = *from;
        now->cut_at = at;
        now->remains = remains;
        now->random = (uint32_t)(at * 40503u + remains * 7u + ram + 1u);
        hil_store_open(&store, storage);
        const bool claimed = write_record(&store, number);
        if (!now->off) {
            return false; /* the record was done before: no such step */
        }
        leave_ram(&store, ram, &now->random);
        now->off = false;
        now->cut_at = UINT64_MAX;
        hil_store_open(&store, storage);
        const uint32_t found = recover(&store);
        if (found != number && (found != number - 1u || claimed)) {
            printf("record %" PRIu32 " cut at %" PRIu64 ": found %" PRIu32 "\n", number, at, found);
            exit(1);
        }
        if (!write_record(&store, found + 1u) || recover(&store) != found + 1u) {
            printf("after a cut at %" PRIu64 " record %" PRIu32 " could not be written\n", at, found + 1u);
            exit(1);
        }
        count->recoveries++;
        count->before += found == number - 1u;
        count->newer += found == number;
    }
    return true;
}

int main(int words, char **word) {
    if (words != 5) {
        return 2;
    }
    static flash settled;
    static flash now;
    memset(settled.cells, 0, sizeof settled.cells); /* never erased: zeros */
    settled.sector_bytes = (uint32_t)strtoul(word[2], NULL, 10);
    settled.cut_at = UINT64_MAX;
    now = settled;
    const hil_storage storage = {.context = &now,
                                 .bytes = (uint32_t)strtoul(word[1], NULL, 10),
                                 .sector_bytes = settled.sector_bytes,
                                 .program_bytes = (uint32_t)strtoul(word[3], NULL, 10),
                                 .read = read_flash,
                                 .program = program_flash,
                                 .erase = erase_flash};
    const uint32_t records = (uint32_t)strtoul(word[4], NULL, 10);
    tally count = {0};
    for (uint32_t number = 1; number <= records; number++) {
        bool going = true;
        for (uint64_t step = 0; going; step++) {
            for (unsigned remains = 0; remains < REMAINS && going; remains++) {
                now.cut_at = step;
                now.remains = remains;
                going = cut_once(&settled, &storage, &now, number, &count);
                count.cuts += going;
            }
        }
        now = settled;
        hil_store store;
        hil_store_open(&store, &storage);
        if (!write_record(&store, number) || now.dirty_program) {
            printf("record %" PRIu32 " could not be written, or over bytes that were not erased\n", number);
            return 1;
        }
        settled = now;
        settled.steps = 0;
    }
    printf("%" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n", count.cuts, count.recoveries, count.before, count.newer);
    return 0;
}
