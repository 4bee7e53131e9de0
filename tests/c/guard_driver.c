/* Every single upset of a guarded memory, its copies and its checksum, and every pair of upsets in one copy: what a guard
 * makes of them. Prints for each kind of guard: upsets, of them mended, beyond mending, and not seen.
 */
#include <stdio.h>
#include <string.h>

#include "feature.h"
#include "guard.h"

#define BYTES 24u
#define COPIES 3u

const hil_learner *const hil_learners[] = {NULL};
const hil_feature *const hil_features[] = {NULL};

typedef struct {
    hil_guard guard;
    _Alignas(8) uint8_t memory[COPIES][BYTES];
} guarded;

typedef struct {
    unsigned upsets;
    unsigned mended;
    unsigned beyond;
    unsigned unseen;
    unsigned wrong; /* said to be mended, and is not; or changed, and said to be sound, with a checksum or a copy */
} tally;

static guarded make(uint8_t copy_count, bool checksum) {
    guarded made = {.guard = {.bytes = BYTES, .copy_count = copy_count, .checksum = checksum}};
    for (uint8_t i = 0; i < BYTES; i++) {
        made.memory[0][i] = (uint8_t)(i * 37u + 11u);
    }
    return made;
}

/* The copy of a struct points into the other one's memory. */
static void point(guarded *self) {
    self->guard.memory = self->memory[0];
    for (unsigned i = 0; i < self->guard.copy_count; i++) {
        self->guard.copies[i] = self->memory[i + 1u];
    }
}

static void flip(guarded *self, unsigned copy, unsigned bit) {
    if (copy == COPIES) {
        self->guard.crc ^= 1u << bit;
    } else {
        self->memory[copy][bit / 8u] = (uint8_t)(self->memory[copy][bit / 8u] ^ 1u << bit % 8u);
    }
}

static bool is_whole(const guarded *self, const guarded *sound) {
    bool whole = self->guard.crc == sound->guard.crc;
    for (unsigned i = 0; i <= self->guard.copy_count; i++) {
        whole = whole && memcmp(self->memory[i], sound->memory[0], BYTES) == 0;
    }
    return whole;
}

static void judge(tally *count, guarded *hit, const guarded *sound) {
    count->upsets++;
    switch (hil_guard_mend(&hit->guard, true)) {
    case HIL_MENDED:
        count->mended++;
        count->wrong += !is_whole(hit, sound);
        break;
    case HIL_BEYOND:
        count->beyond++;
        break;
    case HIL_SOUND:
    default:
        count->unseen++;
        break;
    }
}

/* One upset in `copy`, or two where `pairs`. */
static void upset(tally *count, const guarded *sound, unsigned copy, bool pairs) {
    const unsigned bits = copy == COPIES ? 32u : 8u * BYTES;
    for (unsigned first = 0; first < bits; first++) {
        for (unsigned second = pairs ? first + 1u : first; second < (pairs ? bits : first + 1u); second++) {
            guarded hit = *sound;
            point(&hit);
            flip(&hit, copy, first);
            if (pairs) {
                flip(&hit, copy, second);
            }
            judge(count, &hit, sound);
        }
    }
}

int main(void) {
    static const struct {
        uint8_t copies;
        bool checksum;
    } KINDS[] = {{0, true}, {1, false}, {1, true}, {2, false}, {2, true}};
    for (size_t kind = 0; kind < sizeof KINDS / sizeof KINDS[0]; kind++) {
        guarded sound = make(KINDS[kind].copies, KINDS[kind].checksum);
        tally count = {0};
        point(&sound);
        hil_guard_keep(&sound.guard);
        for (unsigned copy = 0; copy <= KINDS[kind].copies; copy++) {
            upset(&count, &sound, copy, false);
            upset(&count, &sound, copy, true);
        }
        if (KINDS[kind].checksum) {
            upset(&count, &sound, COPIES, false);
            upset(&count, &sound, COPIES, true);
        }
        printf("%u %d %u %u %u %u %u\n", KINDS[kind].copies + 1u, KINDS[kind].checksum, count.upsets, count.mended,
               count.beyond, count.unseen, count.wrong);
    }
    return 0;
}
