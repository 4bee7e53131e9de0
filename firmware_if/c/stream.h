/* Samples on their way to the models: in stream mode each trains every model as it arrives, in batch mode it is kept.
 * Results gather in one SampleReport until it is full or the bench asks. */
#ifndef HIL_STREAM_H
#define HIL_STREAM_H

#include "bank.h"
#include "dataset.h"
#include "link.h"
#include "meter.h"

typedef struct {
    uint32_t next_row;
    uint32_t link_counts; /* cost of taking the newest Samples packet off the link */
    uint32_t first_row;   /* of the gathered records */
    uint16_t count;       /* gathered records */
    size_t record_bytes;  /* bytes gathered */
    uint8_t records[HIL_MAX_PACKET_BYTES];
    float values[HIL_MAX_CHANNELS];
} hil_stream;

void hil_stream_reset(hil_stream *stream, uint32_t next_row);

/* Why one Samples packet is refused as a whole. */
hil_refusal hil_stream_check_samples(const hil_stream *stream, const hil_bank *bank, const hil_dataset *data,
                                     const hil_samples *samples);

/* Where the rows of a Samples packet go. */
typedef struct {
    hil_bank *bank;
    hil_dataset *data;
    hil_meter *meter;
    hil_link *link;
    struct hil_checkpoints *checkpoints;
} hil_destination;

/* Trains on, or keeps, the rows of a Samples packet that the check let pass. */
void hil_stream_samples(hil_stream *stream, const hil_destination *to, const hil_samples *samples);

/* Sends the gathered records, if any. */
void hil_stream_flush(hil_stream *stream, const hil_bank *bank, hil_link *link);

/* Why one Predict packet is refused as a whole; its values pass through the stream's row buffer. */
hil_refusal hil_stream_check_predict(hil_stream *stream, const hil_bank *bank, const hil_predict *request);

/* Scores the rows of a Predict packet that the check let pass, and sends the scores; the stream is flushed before. */
void hil_stream_predict(hil_stream *stream, hil_bank *bank, hil_link *link, const hil_predict *request);

/* An event for each model whose score or loss became NaN or infinite since the last call. */
void hil_send_not_finite(hil_bank *bank, hil_link *link);

/* One ST[05] event. */
void hil_send_event(hil_link *link, uint8_t subtype, uint16_t event, uint32_t number);

#endif
