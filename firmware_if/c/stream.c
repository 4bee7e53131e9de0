#include "stream.h"

#include <math.h>
#include <string.h>

#include "checkpoint.h"
#include "protect.h"

#define LABEL_BYTES 6u /* time_ms u32, label i16 */
#define STEP_BYTES 16u /* train, predict, feature, dispatch u32 */
#define REPORT_HEAD_BYTES (HIL_TM_HEADER_BYTES + 11u) /* SampleReport's fields before its records */
#define PREDICTIONS_HEAD_BYTES (HIL_TM_HEADER_BYTES + 7u)
#define ANSWER_BYTES (HIL_MAX_PACKET_BYTES - PREDICTIONS_HEAD_BYTES - HIL_CRC16_BYTES)

void hil_send_event(hil_link *link, uint8_t subtype, uint16_t event, uint32_t number) {
    hil_informative_event fields = {.event = event, .number = number};
    hil_write_informative_event(hil_link_begin(link, HIL_INFORMATIVE_EVENT_SERVICE, subtype), &fields);
    (void)hil_link_end(link); /* an event always fits */
}

void hil_stream_reset(hil_stream *stream, uint32_t next_row) {
    stream->next_row = next_row;
    stream->count = 0;
    stream->record_bytes = 0;
    stream->link_counts = 0;
}

void hil_stream_flush(hil_stream *stream, const hil_bank *bank, hil_link *link) {
    if (stream->count == 0) {
        return;
    }
    hil_sample_report report = {.first_row = stream->first_row,
                                .count = stream->count,
                                .link = stream->link_counts,
                                .models = bank->model_count,
                                .records = {.bytes = stream->records, .count = stream->record_bytes}};
    hil_write_sample_report(hil_link_begin(link, HIL_SAMPLE_REPORT_SERVICE, HIL_SAMPLE_REPORT_SUBTYPE), &report);
    (void)hil_link_end(link); /* `reserve` keeps the records within a packet */
    stream->count = 0;
    stream->record_bytes = 0;
}

/* Writes the lowest `bits` bits of a value, the most significant first, into zeroed bytes; gives the next place. */
static size_t put_bits(uint8_t *bytes, size_t place, unsigned value, unsigned bits) {
    for (; bits > 0; bits--, place++) {
        if ((value >> (bits - 1u) & 1u) != 0) {
            bytes[place / 8u] = (uint8_t)(bytes[place / 8u] | (0x80u >> (place % 8u)));
        }
    }
    return place;
}

static size_t packed_bytes(const hil_bank *bank, size_t bits_per_model) {
    return (bits_per_model * bank->model_count + 7u) / 8u;
}

static size_t record_bytes(const hil_bank *bank) {
    return bank->model_count == 0 ? 1u : 1u + STEP_BYTES + packed_bytes(bank, hil_prediction_bits(bank) + 1u);
}

/* Room for one more record, zeroed; the gathered ones are sent first when it would not fit. */
static uint8_t *reserve(hil_stream *stream, const hil_bank *bank, hil_link *link, uint32_t row) {
    size_t needed = record_bytes(bank);
    if (REPORT_HEAD_BYTES + stream->record_bytes + needed + HIL_CRC16_BYTES > HIL_MAX_PACKET_BYTES) {
        hil_stream_flush(stream, bank, link);
    }
    if (stream->count == 0) {
        stream->first_row = row;
    }
    uint8_t *record = stream->records + stream->record_bytes;
    memset(record, 0, needed);
    stream->record_bytes += needed;
    stream->count++;
    return record;
}

static void write_record(uint8_t *record, const hil_bank *bank, uint8_t status, hil_row_cost cost) {
    hil_writer writer = hil_writer_over(record, 1u + STEP_BYTES);
    hil_put_u8(&writer, status);
    if (bank->model_count == 0) {
        return;
    }
    hil_put_u32(&writer, cost.train);
    hil_put_u32(&writer, cost.predict);
    hil_put_u32(&writer, cost.feature);
    hil_put_u32(&writer, cost.dispatch);
    unsigned bits = hil_prediction_bits(bank);
    size_t place = 0;
    for (size_t i = 0; i < bank->model_count && status == HIL_ROW_STATUS_TRAINED; i++) {
        place = put_bits(record + 1u + STEP_BYTES, place, bank->models[i]->prediction, bits);
        place = put_bits(record + 1u + STEP_BYTES, place, bank->models[i]->updated, 1);
    }
}

/* Reads one row's values; false when one is NaN or infinite. */
static bool read_values(hil_reader *reader, float *values, size_t count) {
    bool finite = true;
    for (size_t i = 0; i < count; i++) {
        values[i] = hil_get_f32(reader);
        finite = finite && values[i] - values[i] == 0.0f;
    }
    return finite;
}

static int class_of(const hil_bank *bank, int16_t label) {
    for (int i = 0; i < (int)bank->class_count; i++) {
        if (bank->classes[i] == label) {
            return i;
        }
    }
    return -1;
}

void hil_send_not_finite(hil_bank *bank, hil_link *link) {
    for (uint8_t i = 0; i < bank->model_count; i++) {
        if (bank->models[i]->not_finite && !bank->models[i]->not_finite_reported) {
            bank->models[i]->not_finite_reported = true;
            hil_send_event(link, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_NOT_FINITE_STATE, i);
        }
    }
}

static void take_row(hil_stream *stream, const hil_destination *to, hil_reader *reader) {
    (void)hil_get_u32(reader); /* time of the sample: no learner asks for it yet */
    int class_index = class_of(to->bank, hil_get_i16(reader));
    bool finite = read_values(reader, stream->values, to->bank->channels);
    bool store = to->bank->mode == HIL_MODE_BATCH;
    uint32_t row = stream->next_row++;
    if (class_index >= 0 && finite) {
        hil_row_cost cost;
        uint8_t class_byte = (uint8_t)class_index;
        finite = store ? hil_dataset_store(to->data, to->bank, to->meter, stream->values, class_byte, &cost)
                       : hil_bank_train(to->bank, to->meter, stream->values, class_byte, &cost);
        if (finite) {
            uint8_t status = store ? HIL_ROW_STATUS_STORED : HIL_ROW_STATUS_TRAINED;
            write_record(reserve(stream, to->bank, to->link, row), to->bank, status, cost);
            hil_send_not_finite(to->bank, to->link);
            return;
        }
    }
    uint8_t status = finite ? HIL_ROW_STATUS_UNKNOWN_LABEL : HIL_ROW_STATUS_NOT_FINITE;
    *reserve(stream, to->bank, to->link, row) = status;
    hil_send_event(to->link, HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_SAMPLE_REFUSED, row);
}

hil_refusal hil_stream_check_samples(const hil_stream *stream, const hil_bank *bank, const hil_dataset *data,
                                     const hil_samples *samples) {
    if (bank->channels == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, 0};
    }
    if (bank->mode == HIL_MODE_SCORE) {
        return (hil_refusal){HIL_FAILURE_CODE_MODE, bank->mode};
    }
    if (bank->mode == HIL_MODE_BATCH && data->capacity == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NO_DATA, 0};
    }
    size_t row_bytes = LABEL_BYTES + 4u * (size_t)bank->channels;
    if (samples->records.count == 0 || samples->records.count % row_bytes != 0) {
        return (hil_refusal){HIL_FAILURE_CODE_MALFORMED, (uint32_t)samples->records.count};
    }
    if (bank->mode == HIL_MODE_BATCH && samples->records.count / row_bytes > data->capacity - data->count) {
        return (hil_refusal){HIL_FAILURE_CODE_DATA_FULL, data->capacity};
    }
    if (samples->first_row != stream->next_row) {
        uint16_t code = samples->first_row > stream->next_row ? HIL_FAILURE_CODE_ROW_GAP : HIL_FAILURE_CODE_ROW_REPEAT;
        return (hil_refusal){code, stream->next_row};
    }
    return (hil_refusal){0, 0};
}

void hil_stream_samples(hil_stream *stream, const hil_destination *to, const hil_samples *samples) {
    hil_sums_add(&to->bank->link, stream->link_counts);
    hil_reader reader = hil_reader_over(samples->records.bytes, samples->records.count);
    while (reader.position < reader.count) {
        hil_protect_before(to->bank, to->meter);
        take_row(stream, to, &reader);
        hil_protect_after(to->bank, to->meter);
        hil_send_protection_events(to->bank, to->link);
        hil_checkpoints_count_row(to->checkpoints);
    }
}

/* The rows must all be finite before the first is scored: a half-answered request would be hard to tell apart. */
static bool all_finite(hil_stream *stream, const hil_bank *bank, hil_octets records) {
    hil_reader reader = hil_reader_over(records.bytes, records.count);
    bool finite = true;
    while (reader.position < reader.count) {
        finite = read_values(&reader, stream->values, bank->channels) && finite;
    }
    return finite;
}

/* Scores of one model for the mapped row; the class they stand for. */
static unsigned write_model_scores(hil_writer *to, const hil_model *model, bool finite) {
    unsigned best = 0;
    double highest = 0;
    for (unsigned output = 0; output < model->state.outputs; output++) {
        double score = finite ? model->learner->score(&model->state, model->mapping->x, output) : (double)NAN;
        hil_put_f64(to, score);
        if (output == 0 || score > highest) {
            highest = score;
            best = output;
        }
    }
    return model->state.outputs == 1 ? hil_model_class(model, highest) : best;
}

static void write_scores(hil_writer *to, hil_bank *bank, const float *values) {
    uint8_t classes[HIL_MAX_MODELS] = {0}; /* a prediction takes 8 bits at the most */
    bool finite[HIL_MAX_MODELS];
    unsigned bits = hil_prediction_bits(bank);
    size_t place = 0;
    hil_bank_map(bank, values, finite);
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_model *model = bank->models[i];
        hil_protect_check(bank, model);
        unsigned class_index = write_model_scores(to, model, finite[model->mapping->index]);
        place = put_bits(classes, place, class_index, bits);
    }
    hil_put_octets(to, classes, packed_bytes(bank, bits));
}

/* Bytes that the scores of one row take in Predictions. */
static size_t answer_bytes(const hil_bank *bank) {
    size_t scores = 0;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        scores += bank->models[i]->state.outputs;
    }
    return 8u * scores + packed_bytes(bank, hil_prediction_bits(bank));
}

hil_refusal hil_stream_check_predict(hil_stream *stream, const hil_bank *bank, const hil_predict *request) {
    if (bank->channels == 0 || bank->model_count == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, bank->model_count};
    }
    size_t row_bytes = 4u * (size_t)bank->channels;
    if (request->records.count == 0 || request->records.count % row_bytes != 0) {
        return (hil_refusal){HIL_FAILURE_CODE_MALFORMED, (uint32_t)request->records.count};
    }
    if (answer_bytes(bank) > ANSWER_BYTES) {
        return (hil_refusal){HIL_FAILURE_CODE_ANSWER_SIZE, (uint32_t)answer_bytes(bank)};
    }
    if (!all_finite(stream, bank, request->records)) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_FINITE, request->first_row};
    }
    return (hil_refusal){0, 0};
}

void hil_stream_predict(hil_stream *stream, hil_bank *bank, hil_link *link, const hil_predict *request) {
    size_t row_bytes = 4u * (size_t)bank->channels;
    size_t per_packet = ANSWER_BYTES / answer_bytes(bank);
    size_t rows = request->records.count / row_bytes;
    hil_reader reader = hil_reader_over(request->records.bytes, request->records.count);
    for (size_t row = 0; row < rows; row += per_packet) {
        size_t count = rows - row < per_packet ? rows - row : per_packet;
        hil_writer records = hil_writer_over(stream->records, sizeof stream->records);
        for (size_t i = 0; i < count; i++) {
            (void)read_values(&reader, stream->values, bank->channels);
            write_scores(&records, bank, stream->values);
        }
        hil_predictions answer = {.first_row = request->first_row + (uint32_t)row,
                                  .count = (uint16_t)count,
                                  .models = bank->model_count,
                                  .records = {.bytes = records.bytes, .count = records.count}};
        hil_write_predictions(hil_link_begin(link, HIL_PREDICTIONS_SERVICE, HIL_PREDICTIONS_SUBTYPE), &answer);
        (void)hil_link_end(link);
    }
}
