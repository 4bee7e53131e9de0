/* Models that guard their own memory against upsets. A plain model has no guard, and costs and does what it did before.
 *
 * Guarded is all that training reads and writes: parameters, state arrays, scratch (hil_model_memory). Copies and a
 * CRC-32 of it are brought up to date after each row that changed the model and compared before the next use, as well as
 * while there is nothing else to do. What neither can mend, and a value out of range after a training step, is dealt with
 * as the model's action says. Nothing here runs inside a measured step of a learner.
 *
 * Not guarded: what changes between a check and the next update (it enters the copies unless the range tells), the bank's
 * own tables, the features, and the code.
 */
#ifndef HIL_PROTECT_H
#define HIL_PROTECT_H

#include "guard.h"
#include "link.h"

/* Protects a model; a refusal leaves it and the arena as they were. */
hil_refusal hil_protect(hil_bank *bank, const hil_protect_model *request);

/* Its memory was brought back from a checkpoint, where its training had been stopped or not. */
void hil_protect_restore(hil_bank *bank, hil_model *model, bool stopped);

/* What the functions below do where there is a guard: a plain model costs a look at a pointer, and a build without
 * protections (port.h) nothing. */
void hil_guarded_check(hil_bank *bank, hil_model *model);
void hil_guarded_begin(hil_bank *bank, hil_meter *meter, hil_model *model);
void hil_guarded_end(hil_bank *bank, hil_meter *meter, hil_model *model, uint32_t rows);
void hil_guarded_accept(hil_bank *bank, hil_model *model);
void hil_guarded_before(hil_bank *bank, hil_meter *meter);
void hil_guarded_after(hil_bank *bank, hil_meter *meter);
void hil_guarded_scrub(hil_bank *bank);
void hil_guarded_send_events(hil_bank *bank, hil_link *link);

static inline bool hil_is_guarded(const hil_model *model) {
    return HIL_PROTECTION && model->guard != NULL;
}

/* Whether its training was stopped. */
static inline bool hil_is_stopped(const hil_model *model) {
    return hil_is_guarded(model) && model->guard->is_stopped;
}

/* Before a model is used: mends its memory or acts. */
static inline void hil_protect_check(hil_bank *bank, hil_model *model) {
    if (hil_is_guarded(model)) {
        hil_guarded_check(bank, model);
    }
}

/* Around the training of one model on so many rows, measured. Before it: as hil_protect_check. After it: acts on values
 * out of range, then brings copies and checksum up to date if the model changed. Rolling back forgets all of these rows. */
static inline void hil_protect_begin(hil_bank *bank, hil_meter *meter, hil_model *model) {
    if (hil_is_guarded(model)) {
        hil_guarded_begin(bank, meter, model);
    }
}

static inline void hil_protect_end(hil_bank *bank, hil_meter *meter, hil_model *model, uint32_t rows) {
    if (hil_is_guarded(model)) {
        hil_guarded_end(bank, meter, model, rows);
    }
}

/* A model was loaded from outside: that is its memory now, and it trains again. */
static inline void hil_protect_accept(hil_bank *bank, hil_model *model) {
    if (hil_is_guarded(model)) {
        hil_guarded_accept(bank, model);
    }
}

/* Both for every guarded model: around each row. */
static inline void hil_protect_before(hil_bank *bank, hil_meter *meter) {
    if (HIL_PROTECTION && bank->protection.guarded > 0) {
        hil_guarded_before(bank, meter);
    }
}

static inline void hil_protect_after(hil_bank *bank, hil_meter *meter) {
    if (HIL_PROTECTION && bank->protection.guarded > 0) {
        hil_guarded_after(bank, meter);
    }
}

/* Checks one guarded model, in turn; for a main loop with nothing else to do. */
static inline void hil_protect_scrub(hil_bank *bank) {
    if (HIL_PROTECTION && bank->protection.guarded > 0) {
        hil_guarded_scrub(bank);
    }
}

/* Sends what there is to tell. */
static inline void hil_send_protection_events(hil_bank *bank, hil_link *link) {
    if (HIL_PROTECTION && bank->protection.pending) {
        hil_guarded_send_events(bank, link);
    }
}

#endif
