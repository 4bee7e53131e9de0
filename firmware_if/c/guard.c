#include "guard.h"

#include <float.h>
#include <string.h>

#include "frame.h"

#if defined(__GNUC__)
typedef uint32_t __attribute__((may_alias)) word; /* of memory that holds reals */
typedef uint64_t __attribute__((may_alias)) wide;
#else
typedef uint32_t word;
typedef uint64_t wide;
#endif

static word *words_of(uint8_t *bytes) {
    return (word *)(void *)bytes; /* the arena's pieces are aligned to 8 bytes */
}

/* The bitwise majority of three copies, written to all; whether one differed. */
static bool vote(hil_guard *guard) {
    word *a = words_of(guard->memory);
    word *b = words_of(guard->copies[0]);
    word *c = words_of(guard->copies[1]);
    bool differed = false;
    for (uint32_t i = 0; i < guard->bytes / sizeof(word); i++) {
        if (a[i] != b[i] || a[i] != c[i]) {
            const word most = (a[i] & b[i]) | (a[i] & c[i]) | (b[i] & c[i]);
            a[i] = b[i] = c[i] = most;
            differed = true;
        }
    }
    return differed;
}

static uint32_t checksum(const hil_guard *guard, const uint8_t *memory) {
    return hil_crc32(memory, guard->bytes);
}

void hil_guard_keep(hil_guard *guard) {
    for (uint8_t i = 0; i < guard->copy_count; i++) {
        memcpy(guard->copies[i], guard->memory, guard->bytes);
    }
    if (guard->checksum) {
        guard->crc = checksum(guard, guard->memory);
    }
}

/* All copies agree: a checksum that does not is itself what was hit. */
static hil_health mend_checksum(hil_guard *guard) {
    const uint32_t crc = checksum(guard, guard->memory);
    if (crc == guard->crc) {
        return HIL_SOUND;
    }
    guard->crc = crc;
    return HIL_MENDED;
}

/* Two copies: the checksum says which of two that differ is right. */
static hil_health mend_by_checksum(hil_guard *guard) {
    if (guard->checksum && checksum(guard, guard->memory) == guard->crc) {
        memcpy(guard->copies[0], guard->memory, guard->bytes);
        return HIL_MENDED;
    }
    if (guard->checksum && checksum(guard, guard->copies[0]) == guard->crc) {
        memcpy(guard->memory, guard->copies[0], guard->bytes);
        return HIL_MENDED;
    }
    return HIL_BEYOND;
}

hil_health hil_guard_mend(hil_guard *guard, bool whole) {
    if (guard->copy_count == 0) {
        return !guard->checksum || checksum(guard, guard->memory) == guard->crc ? HIL_SOUND : HIL_BEYOND;
    }
    const bool voting = guard->copy_count == HIL_MAX_COPIES - 1u;
    const bool differ = voting ? vote(guard) : memcmp(guard->memory, guard->copies[0], guard->bytes) != 0;
    if (!differ) {
        return guard->checksum && whole ? mend_checksum(guard) : HIL_SOUND;
    }
    if (!voting) {
        return mend_by_checksum(guard);
    }
    return !guard->checksum || checksum(guard, guard->memory) == guard->crc ? HIL_MENDED : HIL_BEYOND;
}

/* Magnitudes of IEEE 754 are ordered as their bits are, infinity and NaN above all others. */
static bool singles_in_range(const word *values, uint32_t count, double bound) {
    const float limit = bound > (double)FLT_MAX ? FLT_MAX : (float)bound;
    uint32_t most;
    memcpy(&most, &limit, sizeof most);
    bool inside = true;
    for (uint32_t i = 0; i < count; i++) {
        inside = inside && (values[i] & UINT32_MAX >> 1) <= most;
    }
    return inside;
}

static bool doubles_in_range(const wide *values, uint32_t count, double bound) {
    const double limit = bound > DBL_MAX ? DBL_MAX : bound;
    uint64_t most;
    memcpy(&most, &limit, sizeof most);
    bool inside = true;
    for (uint32_t i = 0; i < count; i++) {
        inside = inside && (values[i] & UINT64_MAX >> 1) <= most;
    }
    return inside;
}

bool hil_guard_in_range(const hil_model *model) {
    const hil_learner *learner = model->learner;
    const double bound = model->guard->bound;
    bool inside = true;
    for (size_t i = 0; i < learner->array_count && inside; i++) {
        const uint32_t count = hil_array_elements(learner, i, &model->state);
        const uint8_t type = hil_array_wire_type(learner, i);
        if (type == HIL_ARRAY_TYPE_F32) {
            inside = singles_in_range(model->state.arrays[i], count, bound);
        } else if (type == HIL_ARRAY_TYPE_F64) {
            inside = doubles_in_range(model->state.arrays[i], count, bound);
        } /* a counter has no range */
    }
    return inside;
}
