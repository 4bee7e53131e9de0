/* What a checkpoint's record holds, written and read piece by piece: no second copy of the bank is ever in RAM. */
#ifndef HIL_RECORD_H
#define HIL_RECORD_H

#include "bank.h"
#include "store.h"
#include "stream.h"

typedef struct {
    hil_bank *bank; /* NULL: a record of no bank */
    const uint8_t *build_id;
    uint32_t rows;
    uint32_t next_row;
    bool watchdog;
} hil_record_source;

typedef struct {
    uint32_t rows;
    uint32_t next_row;
    bool watchdog;
} hil_record_head;

typedef enum {
    HIL_RECORD_EMPTY,   /* of no bank */
    HIL_RECORD_BANK,    /* the bank is as it was when the record was written */
    HIL_RECORD_UNUSABLE /* of another build, or it does not fit: the bank is to be reset */
} hil_record_result;

/* Length of the record. */
uint32_t hil_record_bytes(const hil_record_source *source);

/* Appends the record to one that was begun. */
void hil_record_write(const hil_record_source *source, hil_store *store);

/* Makes the newest record's bank, in a bank as new; the stream lends its buffer. */
hil_record_result hil_record_read(const hil_store *store, hil_bank *bank, hil_stream *stream, const uint8_t *build_id,
                                  hil_record_head *head);

/* Brings back the memory of one model; false, and the model untouched, where the record has another there. */
bool hil_record_reload(const hil_store *store, hil_model *model);

#endif
