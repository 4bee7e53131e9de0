/* The guard of one model's memory: copies, a checksum, a range. What is done about a fault is decided in protect.c. */
#ifndef HIL_GUARD_H
#define HIL_GUARD_H

#include "bank.h"

#define HIL_MAX_COPIES 3u /* of a model's memory, the one in use included */

typedef struct hil_guard {
    const hil_learner *learner; /* of the model, as it was made */
    hil_learner stopped;        /* the same, without training: what a model that was stopped uses */
    uint8_t *memory;
    uint32_t bytes; /* a multiple of 8 */
    uint8_t *copies[HIL_MAX_COPIES - 1u];
    uint8_t copy_count; /* beyond the one in use */
    bool checksum;
    bool range;
    uint8_t action; /* hil_fault_action_value */
    bool is_stopped;
    bool settling;        /* its scratch was cleared: the next row may change it without an update */
    bool range_reported;  /* where the action is COUNT, of many rows one is told */
    uint16_t pending;     /* events to be sent, bit n for event n */
    uint32_t forgotten;   /* rows, by the newest way back */
    uint32_t updates;     /* of the model, when the copies were made */
    uint32_t crc;
    double bound;
    hil_sums cost; /* of checks and copies, per row or epoch */
    uint32_t row_cost;
} hil_guard;

typedef enum {
    HIL_SOUND,
    HIL_MENDED,
    HIL_BEYOND /* differs, and which is right cannot be told; the memory in use is as it was, or as most copies have it */
} hil_health;

/* Compares, and mends what can be mended. Copies are the stronger test and cost less than the checksum, which is looked
 * at where they differ, where there are none, and where `whole` is wanted. */
hil_health hil_guard_mend(hil_guard *guard, bool whole);

/* Brings copies and checksum up to date. */
void hil_guard_keep(hil_guard *guard);

/* Whether every real of the model's state is finite and within the bound. */
bool hil_guard_in_range(const hil_model *model);

#endif
