/* The mission service: models, samples and training. */
#include <string.h>

#include "protect.h"
#include "requests.h"
#include "stack.h"

#define WHOLE_BANK 255u

/* False unless there are two to HIL_MAX_CLASSES different labels. */
static bool read_classes(const hil_configure_stream *request, int16_t classes[HIL_MAX_CLASSES]) {
    size_t count = request->classes.count;
    hil_reader labels = hil_reader_over(request->classes.bytes, count * 2u);
    bool different = count >= HIL_BINARY && count <= HIL_MAX_CLASSES;
    for (size_t i = 0; i < count && different; i++) {
        classes[i] = hil_get_i16(&labels);
        for (size_t j = 0; j < i; j++) {
            different = different && classes[j] != classes[i];
        }
    }
    return different;
}

hil_refusal hil_request_configure_stream(hil_service *service, hil_reader *fields) {
    hil_configure_stream request;
    hil_read_configure_stream(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_bank *bank = &service->bank;
    bool models_fit =
        bank->model_count == 0 || (bank->channels == request.channels && bank->mode == request.mode);
    if (request.channels == 0 || request.channels > HIL_MAX_CHANNELS || !models_fit) {
        return (hil_refusal){HIL_FAILURE_CODE_CHANNELS, HIL_MAX_CHANNELS};
    }
    if (request.mode < HIL_MODE_STREAM || request.mode > HIL_MODE_SCORE) {
        return (hil_refusal){HIL_FAILURE_CODE_MODE, request.mode};
    }
    int16_t classes[HIL_MAX_CLASSES] = {0};
    bool different = read_classes(&request, classes);
    uint8_t count = (uint8_t)request.classes.count;
    bool same = bank->model_count == 0 ||
                (count == bank->class_count && memcmp(classes, bank->classes, sizeof classes) == 0);
    if (!different || !same) {
        return (hil_refusal){HIL_FAILURE_CODE_CLASSES, count};
    }
    hil_accept(service);
    bank->channels = request.channels;
    bank->mode = request.mode;
    bank->class_count = count;
    memcpy(bank->classes, classes, sizeof classes);
    hil_dataset_close(&service->data, bank);
    hil_stream_reset(&service->stream, request.next_row);
    return HIL_DONE;
}

static void send_model_created(hil_service *service, const hil_model *model) {
    const hil_learner *learner = model->learner;
    hil_array_place places[HIL_MAX_ARRAYS];
    for (size_t i = 0; i < learner->array_count; i++) {
        const uint8_t *start = model->state.arrays[i];
        places[i] = (hil_array_place){.name = hil_text_of(learner->arrays[i].name),
                                      .type = hil_array_wire_type(learner, i),
                                      .offset = (uint32_t)(start - model->memory),
                                      .count = hil_array_elements(learner, i, &model->state)};
    }
    hil_model_created answer = {.model = model->handle,
                                .dimension = (uint16_t)model->state.dimension,
                                .outputs = (uint8_t)model->state.outputs,
                                .state_bytes = model->state_bytes,
                                .arena_bytes = model->arena_bytes,
                                .arena_used_bytes = service->bank.arena_used,
                                .prediction_bits = hil_prediction_bits(&service->bank),
                                .arrays = {.items = places, .count = (uint8_t)learner->array_count}};
    hil_write_model_created(hil_link_begin(&service->link, HIL_MODEL_CREATED_SERVICE, HIL_MODEL_CREATED_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
}

hil_refusal hil_request_create_model(hil_service *service, hil_reader *fields) {
    hil_create_model request;
    hil_read_create_model(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    if (service->bank.dispatch.count > 0 || service->data.capacity > 0 || service->checkpoints.resumed) {
        return (hil_refusal){HIL_FAILURE_CODE_STREAM_ACTIVE, service->stream.next_row};
    }
    hil_refusal refusal = hil_bank_create(&service->bank, &request);
    if (refusal.code != 0) {
        return refusal;
    }
    hil_accept(service);
    send_model_created(service, service->bank.models[service->bank.model_count - 1u]);
    return HIL_DONE;
}

hil_refusal hil_request_samples(hil_service *service, hil_reader *fields) {
    hil_samples request;
    hil_read_samples(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_refusal refusal = hil_stream_check_samples(&service->stream, &service->bank, &service->data, &request);
    if (refusal.code == 0) {
        service->stream.link_counts = hil_counts(service->port, service->link.packet_ticks);
        hil_accept(service);
        const hil_destination to = {&service->bank, &service->data, &service->meter, &service->link, &service->checkpoints};
        hil_stream_samples(&service->stream, &to, &request);
    }
    return refusal;
}

hil_refusal hil_request_open_data_set(hil_service *service, hil_reader *fields) {
    hil_open_data_set request;
    hil_read_open_data_set(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    if (service->bank.mode != HIL_MODE_BATCH) {
        return (hil_refusal){HIL_FAILURE_CODE_MODE, service->bank.mode};
    }
    hil_refusal refusal = hil_dataset_open(&service->data, &service->bank, request.rows);
    if (refusal.code == 0) {
        hil_accept(service);
    }
    return refusal;
}

static void send_epoch_trained(hil_service *service, const hil_train_epoch *request, hil_epoch epoch) {
    hil_epoch_trained answer = {.model = request->model,
                                .epoch = request->epoch,
                                .loss = epoch.loss,
                                .steps = epoch.steps,
                                .rows = service->data.count,
                                .train = epoch.train};
    hil_write_epoch_trained(hil_link_begin(&service->link, HIL_EPOCH_TRAINED_SERVICE, HIL_EPOCH_TRAINED_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
}

hil_refusal hil_request_train_epoch(hil_service *service, hil_reader *fields) {
    hil_train_epoch request;
    hil_read_train_epoch(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    if (service->data.count == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NO_DATA, service->data.capacity};
    }
    if (request.model >= service->bank.model_count) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_MODEL, service->bank.model_count};
    }
    hil_model *model = service->bank.models[request.model];
    hil_protect_begin(&service->bank, &service->meter, model);
    if (hil_is_stopped(model)) {
        return (hil_refusal){HIL_FAILURE_CODE_TRAINING_STOPPED, request.model};
    }
    hil_accept(service);
    hil_epoch epoch = hil_dataset_train(&service->data, model, &service->meter, request.epoch);
    model->updated = epoch.steps > 0;
    hil_protect_end(&service->bank, &service->meter, model, service->data.count);
    send_epoch_trained(service, &request, epoch);
    hil_send_not_finite(&service->bank, &service->link);
    return HIL_DONE;
}

hil_refusal hil_request_predict(hil_service *service, hil_reader *fields) {
    hil_predict request;
    hil_read_predict(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_refusal refusal = hil_stream_check_predict(&service->stream, &service->bank, &request);
    if (refusal.code == 0) {
        hil_accept(service);
        hil_stream_predict(&service->stream, &service->bank, &service->link, &request);
    }
    return refusal;
}

static hil_operation_sum operation_sum(uint8_t operation, const hil_sums *sums) {
    return (hil_operation_sum){operation, sums->count, sums->minimum, sums->maximum, sums->sum};
}

static void send_statistics(hil_service *service, uint8_t model, uint32_t updates, const hil_operation_sum *sums,
                            uint8_t count) {
    hil_statistics answer = {.model = model, .updates = updates, .sums = {.items = sums, .count = count}};
    hil_write_statistics(hil_link_begin(&service->link, HIL_STATISTICS_SERVICE, HIL_STATISTICS_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
}

hil_refusal hil_request_statistics(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    const hil_bank *bank = &service->bank;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_operation_sum sums[HIL_STEPS + 1u];
        uint8_t count = HIL_STEPS;
        for (uint8_t step = 0; step < HIL_STEPS; step++) {
            sums[step] = operation_sum((uint8_t)(step + 1u), &bank->models[i]->sums[step]);
        }
        if (hil_is_guarded(bank->models[i])) {
            sums[count++] = operation_sum(HIL_OPERATION_PROTECT, &bank->models[i]->guard->cost);
        }
        send_statistics(service, i, bank->models[i]->updates, sums, count);
    }
    const hil_operation_sum whole[] = {operation_sum(HIL_OPERATION_DISPATCH, &bank->dispatch),
                                       operation_sum(HIL_OPERATION_LINK, &bank->link)};
    send_statistics(service, WHOLE_BANK, 0, whole, 2);
    return HIL_DONE;
}

/* What the housekeeping report counts or has as a peak begins anew: it is about the run that begins, no earlier one. */
static void forget_figures(hil_service *service) {
    service->overruns_before = service->port->receive_overruns;
    service->overruns_reported = 0;
    service->meter.interrupts_in_steps = 0;
    hil_link_clear_counts(&service->link);
    hil_stack_paint_idle(&service->port->handler_stack);
    hil_stack_paint_own(&service->port->stack);
}

hil_refusal hil_request_reset_bank(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    hil_dataset_close(&service->data, &service->bank);
    hil_bank_reset(&service->bank);
    hil_stream_reset(&service->stream, 0);
    if (HIL_PROTECTION) {
        hil_checkpoints_forget(&service->checkpoints);
        hil_watch_sleep(service->port); /* what was protected is gone, and so is the watchdog */
        service->port->watching = false;
    }
    forget_figures(service);
    return HIL_DONE;
}
