#include "stream.h"

#include <string.h>

#define LABEL_BYTES 6u /* time_ms u32, label i16 */
#define STEP_BYTES 16u /* train, predict, feature, dispatch u32 */
#define REPORT_HEAD_BYTES (HIL_TM_HEADER_BYTES + 11u) /* SampleReport's fields before its records */
#define PREDICTIONS_HEAD_BYTES (HIL_TM_HEADER_BYTES + 7u)

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

/* Packs bits from the most significant one of each byte. `bit` counts from the start of zeroed `bytes`. */
static void put_bit(uint8_t *bytes, size_t bit, bool value) {
    if (value) {
        bytes[bit / 8u] = (uint8_t)(bytes[bit / 8u] | (0x80u >> (bit % 8u)));
    }
}

static size_t record_bytes(const hil_bank *bank) {
    return bank->model_count == 0 ? 1u : 1u + STEP_BYTES + (2u * bank->model_count + 7u) / 8u;
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

static void write_record(uint8_t *record, const hil_bank *bank, hil_row_cost cost) {
    hil_writer writer = hil_writer_over(record, 1u + STEP_BYTES);
    hil_put_u8(&writer, HIL_ROW_STATUS_TRAINED);
    if (bank->model_count == 0) {
        return;
    }
    hil_put_u32(&writer, cost.train);
    hil_put_u32(&writer, cost.predict);
    hil_put_u32(&writer, cost.feature);
    hil_put_u32(&writer, cost.dispatch);
    for (size_t i = 0; i < bank->model_count; i++) {
        put_bit(record + 1u + STEP_BYTES, 2 * i, bank->models[i].prediction != 0);
        put_bit(record + 1u + STEP_BYTES, 2 * i + 1, bank->models[i].updated);
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
    for (int i = 0; i < (int)HIL_CLASSES; i++) {
        if (bank->classes[i] == label) {
            return i;
        }
    }
    return -1;
}

static void report_new_non_finite(hil_bank *bank, hil_link *link) {
    for (uint8_t i = 0; i < bank->model_count; i++) {
        if (bank->models[i].not_finite && !bank->models[i].not_finite_reported) {
            bank->models[i].not_finite_reported = true;
            hil_send_event(link, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_NOT_FINITE_STATE, i);
        }
    }
}

static void take_row(hil_stream *stream, hil_bank *bank, hil_meter *meter, hil_link *link, hil_reader *reader) {
    (void)hil_get_u32(reader); /* time of the sample: no learner asks for it yet */
    int class_index = class_of(bank, hil_get_i16(reader));
    bool finite = read_values(reader, stream->values, bank->channels);
    uint32_t row = stream->next_row++;
    hil_row_cost cost;
    if (class_index >= 0) {
        finite = finite && hil_bank_train(bank, meter, stream->values, (uint8_t)class_index, &cost);
        if (finite) {
            write_record(reserve(stream, bank, link, row), bank, cost);
            report_new_non_finite(bank, link);
            return;
        }
    }
    *reserve(stream, bank, link, row) = finite ? HIL_ROW_STATUS_UNKNOWN_LABEL : HIL_ROW_STATUS_NOT_FINITE;
    hil_send_event(link, HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_SAMPLE_REFUSED, row);
}

hil_refusal hil_stream_check_samples(const hil_stream *stream, const hil_bank *bank, const hil_samples *samples) {
    if (bank->channels == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, 0};
    }
    size_t row_bytes = LABEL_BYTES + 4u * (size_t)bank->channels;
    if (samples->records.count == 0 || samples->records.count % row_bytes != 0) {
        return (hil_refusal){HIL_FAILURE_CODE_MALFORMED, (uint32_t)samples->records.count};
    }
    if (samples->first_row != stream->next_row) {
        uint16_t code = samples->first_row > stream->next_row ? HIL_FAILURE_CODE_ROW_GAP : HIL_FAILURE_CODE_ROW_REPEAT;
        return (hil_refusal){code, stream->next_row};
    }
    return (hil_refusal){0, 0};
}

void hil_stream_samples(hil_stream *stream, hil_bank *bank, hil_meter *meter, hil_link *link, const hil_samples *samples) {
    hil_sums_add(&bank->link, stream->link_counts);
    hil_reader reader = hil_reader_over(samples->records.bytes, samples->records.count);
    while (reader.position < reader.count) {
        take_row(stream, bank, meter, link, &reader);
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

static void write_scores(hil_writer *to, const hil_bank *bank, const double *scores) {
    uint8_t classes[(HIL_MAX_MODELS + 7u) / 8u] = {0};
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_put_f64(to, scores[i]);
        put_bit(classes, i, hil_model_class(&bank->models[i], scores[i]) != 0);
    }
    hil_put_octets(to, classes, (bank->model_count + 7u) / 8u);
}

hil_refusal hil_stream_check_predict(hil_stream *stream, const hil_bank *bank, const hil_predict *request) {
    if (bank->channels == 0 || bank->model_count == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, bank->model_count};
    }
    size_t row_bytes = 4u * (size_t)bank->channels;
    if (request->records.count == 0 || request->records.count % row_bytes != 0) {
        return (hil_refusal){HIL_FAILURE_CODE_MALFORMED, (uint32_t)request->records.count};
    }
    if (!all_finite(stream, bank, request->records)) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_FINITE, request->first_row};
    }
    return (hil_refusal){0, 0};
}

void hil_stream_predict(hil_stream *stream, hil_bank *bank, hil_link *link, const hil_predict *request) {
    size_t row_bytes = 4u * (size_t)bank->channels;
    size_t answer_bytes = 8u * (size_t)bank->model_count + (bank->model_count + 7u) / 8u;
    size_t per_packet = (HIL_MAX_PACKET_BYTES - PREDICTIONS_HEAD_BYTES - HIL_CRC16_BYTES) / answer_bytes;
    size_t rows = request->records.count / row_bytes;
    hil_reader reader = hil_reader_over(request->records.bytes, request->records.count);
    for (size_t row = 0; row < rows; row += per_packet) {
        size_t count = rows - row < per_packet ? rows - row : per_packet;
        hil_writer records = hil_writer_over(stream->records, sizeof stream->records);
        for (size_t i = 0; i < count; i++) {
            double scores[HIL_MAX_MODELS];
            (void)read_values(&reader, stream->values, bank->channels);
            hil_bank_score(bank, stream->values, scores);
            write_scores(&records, bank, scores);
        }
        hil_predictions answer = {.first_row = request->first_row + (uint32_t)row,
                                  .count = (uint16_t)count,
                                  .models = bank->model_count,
                                  .records = {.bytes = records.bytes, .count = records.count}};
        hil_write_predictions(hil_link_begin(link, HIL_PREDICTIONS_SERVICE, HIL_PREDICTIONS_SUBTYPE), &answer);
        (void)hil_link_end(link);
    }
}
