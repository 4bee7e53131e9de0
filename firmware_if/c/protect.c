#include "protect.h"

#include <string.h>

#include "stream.h"

#define MOST_FORGOTTEN 0xFFFFFFu /* rows, in an event's number */

static const hil_refusal ACCEPTED = {0, 0};

static void note(hil_bank *bank, hil_guard *guard, hil_event_id_value event) {
    guard->pending = (uint16_t)(guard->pending | 1u << (unsigned)event);
    bank->protection.pending = true;
}

/* The model is right as it stands. */
static void keep(hil_model *model) {
    model->guard->updates = model->updates;
    hil_guard_keep(model->guard);
}

static void stop(hil_bank *bank, hil_model *model) {
    hil_guard *guard = model->guard;
    if (!guard->is_stopped) {
        guard->is_stopped = true;
        bank->protection.stopped++;
        model->learner = &guard->stopped;
        note(bank, guard, HIL_EVENT_ID_TRAINING_STOPPED);
    }
    keep(model); /* what there is stands: it is told once */
}

static void went_back(hil_bank *bank, hil_guard *guard, uint32_t forgotten) {
    guard->forgotten = forgotten < MOST_FORGOTTEN ? forgotten : MOST_FORGOTTEN;
    bank->protection.rolled_back++;
    note(bank, guard, HIL_EVENT_ID_ROLLED_BACK);
}

/* To the newest checkpoint; stops where there is none. */
static void go_far_back(hil_bank *bank, hil_model *model) {
    uint32_t forgotten = 0;
    const hil_protection *protection = &bank->protection;
    if (protection->reload != NULL && protection->reload(protection->reload_context, model, &forgotten)) {
        keep(model);
        went_back(bank, model->guard, forgotten);
    } else {
        stop(bank, model);
    }
}

static void act_on_corruption(hil_bank *bank, hil_model *model) {
    bank->protection.corrupt++;
    note(bank, model->guard, HIL_EVENT_ID_STATE_CORRUPT);
    if (model->guard->action == HIL_FAULT_ACTION_ROLL_BACK) {
        go_far_back(bank, model);
    } else if (model->guard->action == HIL_FAULT_ACTION_STOP) {
        stop(bank, model);
    } else {
        keep(model);
    }
}

static void check(hil_bank *bank, hil_model *model, bool whole) {
    bank->protection.checks++;
    switch (hil_guard_mend(model->guard, whole)) {
    case HIL_MENDED:
        bank->protection.corrected++;
        note(bank, model->guard, HIL_EVENT_ID_STATE_CORRECTED);
        break;
    case HIL_BEYOND:
        act_on_corruption(bank, model);
        break;
    case HIL_SOUND:
    default:
        break;
    }
}

void hil_guarded_check(hil_bank *bank, hil_model *model) {
    check(bank, model, false);
}

/* To the copy that was made before these rows. */
static void go_back(hil_bank *bank, hil_model *model, uint32_t rows) {
    memcpy(model->guard->memory, model->guard->copies[0], model->guard->bytes);
    model->updates = model->guard->updates;
    model->updated = false;
    went_back(bank, model->guard, rows);
}

static void act_on_range(hil_bank *bank, hil_model *model, uint32_t rows) {
    hil_guard *guard = model->guard;
    bank->protection.out_of_range++;
    if (guard->action != HIL_FAULT_ACTION_COUNT || !guard->range_reported) {
        guard->range_reported = true;
        note(bank, guard, HIL_EVENT_ID_STATE_OUT_OF_RANGE);
    }
    if (guard->action == HIL_FAULT_ACTION_COUNT) {
        keep(model);
    } else if (guard->action == HIL_FAULT_ACTION_STOP) {
        stop(bank, model);
    } else if (guard->copy_count > 0) {
        go_back(bank, model, rows);
    } else {
        go_far_back(bank, model);
    }
}

static void keep_if_in_range(hil_bank *bank, hil_model *model, uint32_t rows) {
    hil_guard *guard = model->guard;
    if (!(model->updated || guard->settling)) {
        return;
    }
    guard->settling = false;
    if (guard->range && !hil_guard_in_range(model)) {
        act_on_range(bank, model, rows);
    } else {
        keep(model);
    }
}

void hil_guarded_begin(hil_bank *bank, hil_meter *meter, hil_model *model) {
    model->updated = false; /* by these rows, which may be refused */
    const hil_stamp stamp = hil_meter_begin(meter);
    hil_guarded_check(bank, model);
    model->guard->row_cost = hil_meter_end(meter, stamp);
}

void hil_guarded_end(hil_bank *bank, hil_meter *meter, hil_model *model, uint32_t rows) {
    const hil_stamp stamp = hil_meter_begin(meter);
    keep_if_in_range(bank, model, rows);
    hil_sums_add(&model->guard->cost, model->guard->row_cost + hil_meter_end(meter, stamp));
}

void hil_guarded_before(hil_bank *bank, hil_meter *meter) {
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_protect_begin(bank, meter, bank->models[i]);
    }
}

void hil_guarded_after(hil_bank *bank, hil_meter *meter) {
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_protect_end(bank, meter, bank->models[i], 1);
    }
}

void hil_guarded_accept(hil_bank *bank, hil_model *model) {
    hil_guard *guard = model->guard;
    if (guard->is_stopped) {
        guard->is_stopped = false;
        bank->protection.stopped--;
        model->learner = guard->learner;
    }
    guard->settling = true;
    guard->range_reported = false;
    keep(model);
}

void hil_protect_restore(hil_bank *bank, hil_model *model, bool stopped) {
    hil_guarded_accept(bank, model);
    model->guard->settling = false; /* scratch came back with the rest */
    if (stopped) {
        stop(bank, model);
    }
}

void hil_guarded_scrub(hil_bank *bank) {
    hil_protection *protection = &bank->protection;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        protection->next_scrub = (uint8_t)((protection->next_scrub + 1u) % bank->model_count);
        if (bank->models[protection->next_scrub]->guard != NULL) {
            protection->scrubs++;
            check(bank, bank->models[protection->next_scrub], true);
            return;
        }
    }
}

static void send_events(hil_model *model, hil_link *link) {
    hil_guard *guard = model->guard;
    static const struct {
        uint8_t subtype;
        uint8_t event;
    } TOLD[] = {
        {HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_STATE_CORRECTED},
        {HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_STATE_CORRUPT},
        {HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_STATE_OUT_OF_RANGE},
        {HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_ROLLED_BACK},
        {HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_TRAINING_STOPPED},
    };
    const uint16_t pending = guard->pending;
    guard->pending = 0;
    for (size_t i = 0; i < sizeof TOLD / sizeof TOLD[0]; i++) {
        if ((pending & 1u << TOLD[i].event) != 0) {
            const bool back = TOLD[i].event == HIL_EVENT_ID_ROLLED_BACK;
            const uint32_t number = back ? (uint32_t)model->handle << 24 | guard->forgotten : model->handle;
            hil_send_event(link, TOLD[i].subtype, TOLD[i].event, number);
        }
    }
}

void hil_guarded_send_events(hil_bank *bank, hil_link *link) {
    bank->protection.pending = false;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        if (bank->models[i]->guard != NULL) {
            send_events(bank->models[i], link);
        }
    }
}

static bool train_not(const hil_state *state, const void *x, int label) {
    (void)state;
    (void)x;
    (void)label;
    return false;
}

static hil_refusal check_request(const hil_bank *bank, const hil_protect_model *request) {
    if (request->model >= bank->model_count) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_MODEL, bank->model_count};
    }
    if (bank->models[request->model]->guard != NULL) {
        return (hil_refusal){HIL_FAILURE_CODE_PROTECTION, request->model};
    }
    if (request->copies < 1u || request->copies > HIL_MAX_COPIES) {
        return (hil_refusal){HIL_FAILURE_CODE_PROTECTION, request->copies};
    }
    if (request->checksum > 1u || request->range > 1u || (request->range == 1u && !(request->bound > 0))) {
        return (hil_refusal){HIL_FAILURE_CODE_PROTECTION, request->range};
    }
    if (request->action < HIL_FAULT_ACTION_COUNT || request->action > HIL_FAULT_ACTION_STOP) {
        return (hil_refusal){HIL_FAILURE_CODE_PROTECTION, request->action};
    }
    return ACCEPTED;
}

/* A guard with its copies; NULL when the arena is full. */
static hil_guard *make_guard(hil_bank *bank, hil_model *model, const hil_protect_model *request) {
    hil_guard *guard = hil_bank_allocate(bank, sizeof *guard);
    if (guard == NULL) {
        return NULL;
    }
    *guard = (hil_guard){.learner = model->learner,
                         .stopped = *model->learner,
                         .copy_count = (uint8_t)(request->copies - 1u),
                         .checksum = request->checksum == 1u,
                         .range = request->range == 1u,
                         .action = request->action,
                         .settling = true,
                         .bound = request->bound};
    guard->memory = hil_model_memory(model, &guard->bytes);
    if (guard->stopped.train != NULL) {
        guard->stopped.train = train_not; /* a mini-batch is refused where it is asked for */
    }
    for (uint8_t i = 0; i < guard->copy_count; i++) {
        guard->copies[i] = hil_bank_allocate(bank, guard->bytes);
        if (guard->copies[i] == NULL) {
            return NULL;
        }
    }
    return guard;
}

hil_refusal hil_protect(hil_bank *bank, const hil_protect_model *request) {
    const hil_refusal refusal = check_request(bank, request);
    if (refusal.code != 0) {
        return refusal;
    }
    hil_model *model = bank->models[request->model];
    const uint32_t used = bank->arena_used;
    hil_guard *guard = make_guard(bank, model, request);
    if (guard == NULL) {
        bank->arena_used = used;
        return (hil_refusal){HIL_FAILURE_CODE_ARENA_FULL, bank->memory.arena_bytes - used};
    }
    model->guard = guard;
    keep(model);
    bank->protection.guarded++;
    return ACCEPTED;
}
