#include "checkpoint.h"

#include <string.h>

#include "protect.h"
#include "record.h"

static const hil_refusal ACCEPTED = {0, 0};

/* A record of the bank, or of no bank. Whether it is now the newest. */
static bool write_record(hil_checkpoints *checkpoints, bool empty) {
    hil_store *store = &checkpoints->store;
    const hil_record_source source = {.bank = empty ? NULL : checkpoints->bank,
                                      .build_id = checkpoints->build_id,
                                      .rows = checkpoints->rows,
                                      .watchdog = checkpoints->port->watching,
                                      .next_row = checkpoints->stream->next_row};
    hil_store_begin(store, hil_record_bytes(&source));
    hil_record_write(&source, store);
    return hil_store_commit(store);
}

void hil_checkpoints_write(hil_checkpoints *checkpoints) {
    hil_bank *bank = checkpoints->bank;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_protect_check(bank, bank->models[i]);
    }
    checkpoints->since = 0;
    if (write_record(checkpoints, false)) {
        checkpoints->next_row = checkpoints->stream->next_row;
        checkpoints->written++;
        checkpoints->kept = true;
    } else {
        checkpoints->failed++;
        checkpoints->failure_to_tell = true;
    }
}

void hil_checkpoints_forget(hil_checkpoints *checkpoints) {
    checkpoints->rows = 0;
    checkpoints->resumed = false;
    checkpoints->unusable_to_tell = false;
    if (checkpoints->kept) {
        if (write_record(checkpoints, true)) {
            checkpoints->kept = false;
            checkpoints->next_row = 0;
        } else {
            checkpoints->failed++;
            checkpoints->failure_to_tell = true;
        }
    }
    checkpoints->written = 0;
}

hil_refusal hil_checkpoints_keep(hil_checkpoints *checkpoints, uint32_t rows) {
    if (rows == 0) {
        const bool resumed = checkpoints->resumed;
        hil_checkpoints_forget(checkpoints);
        checkpoints->resumed = resumed;
        return ACCEPTED;
    }
    hil_bank *bank = checkpoints->bank;
    if (bank->channels == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, 0};
    }
    if (bank->mode == HIL_MODE_BATCH) {
        return (hil_refusal){HIL_FAILURE_CODE_MODE, bank->mode};
    }
    const hil_record_source source = {.bank = bank, .build_id = checkpoints->build_id};
    const uint32_t capacity = hil_store_capacity(&checkpoints->store);
    if (hil_record_bytes(&source) > capacity) {
        return (hil_refusal){HIL_FAILURE_CODE_STORAGE, capacity};
    }
    checkpoints->rows = rows;
    hil_checkpoints_write(checkpoints);
    return ACCEPTED;
}

/* A model's way back (hil_protection). */
static bool reload(void *context, hil_model *model, uint32_t *forgotten) {
    hil_checkpoints *checkpoints = context;
    const bool own = checkpoints->written > 0 || checkpoints->resumed; /* an earlier bank's may not have been forgotten */
    hil_store_look_again(&checkpoints->store);
    if (!own || !checkpoints->kept || !hil_record_reload(&checkpoints->store, model)) {
        return false;
    }
    *forgotten = checkpoints->since;
    return true;
}

static void resume(hil_checkpoints *checkpoints) {
    hil_record_head head;
    const hil_record_result found =
        hil_record_read(&checkpoints->store, checkpoints->bank, checkpoints->stream, checkpoints->build_id, &head);
    if (found == HIL_RECORD_BANK) {
        checkpoints->kept = true;
        checkpoints->resumed = true;
        checkpoints->rows = head.rows;
        checkpoints->port->watching = head.watchdog && checkpoints->port->watch != NULL;
        checkpoints->next_row = head.next_row;
        hil_stream_reset(checkpoints->stream, head.next_row);
    } else {
        hil_bank_reset(checkpoints->bank);
        checkpoints->kept = found == HIL_RECORD_UNUSABLE; /* a reset shall make an end of it */
        checkpoints->unusable_to_tell = found == HIL_RECORD_UNUSABLE;
    }
}

void hil_checkpoints_open(hil_checkpoints *checkpoints, hil_port *port, hil_bank *bank, hil_stream *stream,
                          const uint8_t *build_id) {
    memset(checkpoints, 0, sizeof *checkpoints);
    checkpoints->port = port;
    checkpoints->bank = bank;
    checkpoints->stream = stream;
    checkpoints->build_id = build_id;
    bank->protection.reload = reload;
    bank->protection.reload_context = checkpoints;
    hil_store_open(&checkpoints->store, port->storage);
    for (unsigned slot = 0; slot < 2u; slot++) {
        if (checkpoints->store.slots[slot].state == HIL_SLOT_TORN) {
            checkpoints->torn_to_tell = (uint8_t)(checkpoints->torn_to_tell | 1u << slot);
        }
    }
    if (hil_store_newest(&checkpoints->store) != NULL) {
        resume(checkpoints);
    }
}

static void tell_start(hil_checkpoints *checkpoints, hil_link *link) {
    for (unsigned slot = 0; slot < 2u; slot++) {
        if ((checkpoints->torn_to_tell & 1u << slot) != 0) {
            hil_send_event(link, HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_CHECKPOINT_TORN, slot);
        }
    }
    checkpoints->torn_to_tell = 0;
    const hil_slot *newest = hil_store_newest(&checkpoints->store);
    if (checkpoints->unusable_to_tell && newest != NULL) {
        hil_send_event(link, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_CHECKPOINT_UNUSABLE, newest->sequence);
        checkpoints->unusable_to_tell = false;
    }
    if (checkpoints->resumed) {
        hil_send_event(link, HIL_INFORMATIVE_EVENT_SUBTYPE, HIL_EVENT_ID_RESUMED, checkpoints->stream->next_row);
    }
}

void hil_send_checkpoint_events(hil_checkpoints *checkpoints, hil_link *link, bool begun) {
    if (begun) {
        tell_start(checkpoints, link);
    }
    if (checkpoints->failure_to_tell) {
        checkpoints->failure_to_tell = false;
        hil_send_event(link, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_CHECKPOINT_FAILED,
                       checkpoints->stream->next_row);
    }
}
