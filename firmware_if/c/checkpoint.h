/* Checkpoints: the whole bank as one record of the store, written every so many rows, from which the payload goes on by
 * itself when it starts anew. SPEC.md ("Checkpoints") says what a record holds. Stream and score mode only: a data set is
 * not kept.
 */
#ifndef HIL_CHECKPOINT_H
#define HIL_CHECKPOINT_H

#include "bank.h"
#include "link.h"
#include "store.h"
#include "stream.h"

#define HIL_BUILD_ID_BYTES 16u

typedef struct hil_checkpoints {
    hil_store store;
    hil_port *port;
    hil_bank *bank;
    hil_stream *stream;
    const uint8_t *build_id;
    uint32_t rows;     /* between two, 0 = none are kept */
    uint32_t since;    /* rows since the newest */
    uint32_t next_row; /* after the newest */
    uint32_t written;  /* by this start */
    uint32_t failed;
    bool resumed;            /* this start went on from one, and the bank was not reset since */
    bool failure_to_tell;
    uint8_t torn_to_tell;    /* bit n: slot n, at start */
    bool unusable_to_tell;
    bool kept; /* the newest record holds a bank */
} hil_checkpoints;

/* Looks at the port's storage and goes on from the newest record, if it holds a bank of this build. The bank and
 * the stream are as new before; where the record cannot be used they are so afterwards. All pointers stay in use. */
void hil_checkpoints_open(hil_checkpoints *checkpoints, hil_port *port, hil_bank *bank, hil_stream *stream,
                          const uint8_t *build_id);

/* Keeps one every `rows` rows from now on, the first at once; 0: keeps none, and forgets what there is. */
hil_refusal hil_checkpoints_keep(hil_checkpoints *checkpoints, uint32_t rows);

/* Writes one. */
void hil_checkpoints_write(hil_checkpoints *checkpoints);

/* After each row. */
static inline void hil_checkpoints_count_row(hil_checkpoints *checkpoints) {
    hil_watch_work(checkpoints->port);
    if (HIL_PROTECTION && checkpoints->rows != 0 && ++checkpoints->since >= checkpoints->rows) {
        hil_checkpoints_write(checkpoints);
    }
}

/* The bank was reset: a start from now on has nothing to go on from. */
void hil_checkpoints_forget(hil_checkpoints *checkpoints);

/* Sends what there is to tell; `begun`: to a bench that has just begun its session. */
void hil_send_checkpoint_events(hil_checkpoints *checkpoints, hil_link *link, bool begun);

#endif
