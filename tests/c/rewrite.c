#include "rewrite.h"

#define MESSAGE(name)                                                     \
    static bool rewrite_##name(hil_reader *from, hil_writer *to) {        \
        hil_##name value;                                                 \
        hil_read_##name(from, &value);                                    \
        if (from->failed || from->position != from->count) {              \
            return false;                                                 \
        }                                                                 \
        hil_write_##name(to, &value);                                     \
        return !to->failed;                                               \
    }
MESSAGE(hello)
MESSAGE(request_housekeeping)
MESSAGE(load_memory)
MESSAGE(dump_memory)
MESSAGE(configure_stream)
MESSAGE(create_model)
MESSAGE(samples)
MESSAGE(predict)
MESSAGE(open_data_set)
MESSAGE(train_epoch)
MESSAGE(accepted)
MESSAGE(not_accepted)
MESSAGE(completed)
MESSAGE(not_completed)
MESSAGE(housekeeping)
MESSAGE(informative_event)
MESSAGE(low_severity_event)
MESSAGE(medium_severity_event)
MESSAGE(memory_dump)
MESSAGE(catalogue_entry)
MESSAGE(model_created)
MESSAGE(sample_report)
MESSAGE(predictions)
MESSAGE(statistics)
MESSAGE(epoch_trained)
MESSAGE(protect_model)
MESSAGE(protect_bank)
MESSAGE(model_protected)
MESSAGE(protection_report)

static bool rewrite_nothing(hil_reader *from, hil_writer *to) {
    (void)to;
    return from->count == 0;
}

static const struct {
    uint8_t service;
    uint8_t subtype;
    bool (*rewrite)(hil_reader *from, hil_writer *to);
} MESSAGES[] = {
    {0, 0, rewrite_hello}, /* no packet: a frame's body */
    {HIL_ARE_YOU_ALIVE_SERVICE, HIL_ARE_YOU_ALIVE_SUBTYPE, rewrite_nothing},
    {HIL_REQUEST_HOUSEKEEPING_SERVICE, HIL_REQUEST_HOUSEKEEPING_SUBTYPE, rewrite_request_housekeeping},
    {HIL_LOAD_MEMORY_SERVICE, HIL_LOAD_MEMORY_SUBTYPE, rewrite_load_memory},
    {HIL_DUMP_MEMORY_SERVICE, HIL_DUMP_MEMORY_SUBTYPE, rewrite_dump_memory},
    {HIL_LIST_SERVICE, HIL_LIST_SUBTYPE, rewrite_nothing},
    {HIL_CONFIGURE_STREAM_SERVICE, HIL_CONFIGURE_STREAM_SUBTYPE, rewrite_configure_stream},
    {HIL_CREATE_MODEL_SERVICE, HIL_CREATE_MODEL_SUBTYPE, rewrite_create_model},
    {HIL_SAMPLES_SERVICE, HIL_SAMPLES_SUBTYPE, rewrite_samples},
    {HIL_PREDICT_SERVICE, HIL_PREDICT_SUBTYPE, rewrite_predict},
    {HIL_OPEN_DATA_SET_SERVICE, HIL_OPEN_DATA_SET_SUBTYPE, rewrite_open_data_set},
    {HIL_TRAIN_EPOCH_SERVICE, HIL_TRAIN_EPOCH_SUBTYPE, rewrite_train_epoch},
    {HIL_REQUEST_STATISTICS_SERVICE, HIL_REQUEST_STATISTICS_SUBTYPE, rewrite_nothing},
    {HIL_RESET_BANK_SERVICE, HIL_RESET_BANK_SUBTYPE, rewrite_nothing},
    {HIL_RESTART_SERVICE, HIL_RESTART_SUBTYPE, rewrite_nothing},
    {HIL_ACCEPTED_SERVICE, HIL_ACCEPTED_SUBTYPE, rewrite_accepted},
    {HIL_NOT_ACCEPTED_SERVICE, HIL_NOT_ACCEPTED_SUBTYPE, rewrite_not_accepted},
    {HIL_COMPLETED_SERVICE, HIL_COMPLETED_SUBTYPE, rewrite_completed},
    {HIL_NOT_COMPLETED_SERVICE, HIL_NOT_COMPLETED_SUBTYPE, rewrite_not_completed},
    {HIL_HOUSEKEEPING_SERVICE, HIL_HOUSEKEEPING_SUBTYPE, rewrite_housekeeping},
    {HIL_INFORMATIVE_EVENT_SERVICE, HIL_INFORMATIVE_EVENT_SUBTYPE, rewrite_informative_event},
    {HIL_LOW_SEVERITY_EVENT_SERVICE, HIL_LOW_SEVERITY_EVENT_SUBTYPE, rewrite_low_severity_event},
    {HIL_MEDIUM_SEVERITY_EVENT_SERVICE, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, rewrite_medium_severity_event},
    {HIL_MEMORY_DUMP_SERVICE, HIL_MEMORY_DUMP_SUBTYPE, rewrite_memory_dump},
    {HIL_ALIVE_SERVICE, HIL_ALIVE_SUBTYPE, rewrite_nothing},
    {HIL_CATALOGUE_ENTRY_SERVICE, HIL_CATALOGUE_ENTRY_SUBTYPE, rewrite_catalogue_entry},
    {HIL_MODEL_CREATED_SERVICE, HIL_MODEL_CREATED_SUBTYPE, rewrite_model_created},
    {HIL_SAMPLE_REPORT_SERVICE, HIL_SAMPLE_REPORT_SUBTYPE, rewrite_sample_report},
    {HIL_PREDICTIONS_SERVICE, HIL_PREDICTIONS_SUBTYPE, rewrite_predictions},
    {HIL_STATISTICS_SERVICE, HIL_STATISTICS_SUBTYPE, rewrite_statistics},
    {HIL_EPOCH_TRAINED_SERVICE, HIL_EPOCH_TRAINED_SUBTYPE, rewrite_epoch_trained},
    {HIL_PROTECT_MODEL_SERVICE, HIL_PROTECT_MODEL_SUBTYPE, rewrite_protect_model},
    {HIL_PROTECT_BANK_SERVICE, HIL_PROTECT_BANK_SUBTYPE, rewrite_protect_bank},
    {HIL_REQUEST_PROTECTION_SERVICE, HIL_REQUEST_PROTECTION_SUBTYPE, rewrite_nothing},
    {HIL_MODEL_PROTECTED_SERVICE, HIL_MODEL_PROTECTED_SUBTYPE, rewrite_model_protected},
    {HIL_PROTECTION_REPORT_SERVICE, HIL_PROTECTION_REPORT_SUBTYPE, rewrite_protection_report},
};

size_t rewrite_count(void) {
    return sizeof MESSAGES / sizeof MESSAGES[0];
}

void rewrite_key(size_t index, uint8_t *service, uint8_t *subtype) {
    *service = MESSAGES[index].service;
    *subtype = MESSAGES[index].subtype;
}

rewrite_result rewrite_fields(uint8_t service, uint8_t subtype, hil_reader *from, hil_writer *to) {
    for (size_t i = 0; i < sizeof MESSAGES / sizeof MESSAGES[0]; i++) {
        if (MESSAGES[i].service == service && MESSAGES[i].subtype == subtype) {
            return MESSAGES[i].rewrite(from, to) ? REWRITE_DONE : REWRITE_MALFORMED;
        }
    }
    return REWRITE_UNKNOWN;
}
