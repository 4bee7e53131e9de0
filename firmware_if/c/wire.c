/* GENERATED from wire.toml by tools/gen_wire.py: do not edit. */
#include "wire.h"

void hil_write_hello(hil_writer *to, const hil_hello *from) {
    hil_put_u32(to, from->magic);
    hil_put_u16(to, from->version);
    hil_put_u64(to, from->fingerprint);
    hil_put_octets(to, from->build_id, sizeof from->build_id);
    hil_put_u32(to, from->nonce);
    hil_put_u8(to, from->clock_kind);
    hil_put_u32(to, from->clock_rate_hz);
    hil_put_u32(to, from->arena_bytes);
    hil_put_u32(to, from->receive_bytes);
    hil_put_u16(to, from->frame_bytes);
    hil_put_octets(to, (const uint8_t *)from->name, sizeof from->name);
}

void hil_read_hello(hil_reader *from, hil_hello *to) {
    to->magic = hil_get_u32(from);
    to->version = hil_get_u16(from);
    to->fingerprint = hil_get_u64(from);
    hil_get_octets(from, to->build_id, sizeof to->build_id);
    to->nonce = hil_get_u32(from);
    to->clock_kind = hil_get_u8(from);
    to->clock_rate_hz = hil_get_u32(from);
    to->arena_bytes = hil_get_u32(from);
    to->receive_bytes = hil_get_u32(from);
    to->frame_bytes = hil_get_u16(from);
    hil_get_octets(from, (uint8_t *)to->name, sizeof to->name);
}

void hil_write_hyperparameter(hil_writer *to, const hil_hyperparameter *from) {
    hil_put_text(to, from->name);
    hil_put_f64(to, from->value);
}

void hil_read_hyperparameter(hil_reader *from, hil_hyperparameter *to) {
    to->name = hil_get_text(from);
    to->value = hil_get_f64(from);
}

void hil_write_parameter_info(hil_writer *to, const hil_parameter_info *from) {
    hil_put_text(to, from->name);
    hil_put_f64(to, from->initial);
    hil_put_f64(to, from->minimum);
    hil_put_f64(to, from->maximum);
    hil_put_u8(to, from->whole);
}

void hil_read_parameter_info(hil_reader *from, hil_parameter_info *to) {
    to->name = hil_get_text(from);
    to->initial = hil_get_f64(from);
    to->minimum = hil_get_f64(from);
    to->maximum = hil_get_f64(from);
    to->whole = hil_get_u8(from);
}

void hil_write_array_info(hil_writer *to, const hil_array_info *from) {
    hil_put_text(to, from->name);
    hil_put_u8(to, from->type);
    hil_put_u8(to, from->shape);
}

void hil_read_array_info(hil_reader *from, hil_array_info *to) {
    to->name = hil_get_text(from);
    to->type = hil_get_u8(from);
    to->shape = hil_get_u8(from);
}

void hil_write_array_place(hil_writer *to, const hil_array_place *from) {
    hil_put_text(to, from->name);
    hil_put_u8(to, from->type);
    hil_put_u32(to, from->offset);
    hil_put_u32(to, from->count);
}

void hil_read_array_place(hil_reader *from, hil_array_place *to) {
    to->name = hil_get_text(from);
    to->type = hil_get_u8(from);
    to->offset = hil_get_u32(from);
    to->count = hil_get_u32(from);
}

void hil_write_operation_sum(hil_writer *to, const hil_operation_sum *from) {
    hil_put_u8(to, from->operation);
    hil_put_u32(to, from->count);
    hil_put_u32(to, from->minimum);
    hil_put_u32(to, from->maximum);
    hil_put_u64(to, from->sum);
}

void hil_read_operation_sum(hil_reader *from, hil_operation_sum *to) {
    to->operation = hil_get_u8(from);
    to->count = hil_get_u32(from);
    to->minimum = hil_get_u32(from);
    to->maximum = hil_get_u32(from);
    to->sum = hil_get_u64(from);
}



void hil_write_request_housekeeping(hil_writer *to, const hil_request_housekeeping *from) {
    hil_put_u8(to, from->count);
    hil_put_u8(to, from->structure);
}

void hil_read_request_housekeeping(hil_reader *from, hil_request_housekeeping *to) {
    to->count = hil_get_u8(from);
    to->structure = hil_get_u8(from);
}

void hil_write_load_memory(hil_writer *to, const hil_load_memory *from) {
    hil_put_u8(to, from->memory);
    hil_put_u8(to, from->count);
    hil_put_u32(to, from->address);
    hil_put_byte_string(to, from->data);
    hil_put_u16(to, from->checksum);
}

void hil_read_load_memory(hil_reader *from, hil_load_memory *to) {
    to->memory = hil_get_u8(from);
    to->count = hil_get_u8(from);
    to->address = hil_get_u32(from);
    to->data = hil_get_byte_string(from);
    to->checksum = hil_get_u16(from);
}

void hil_write_dump_memory(hil_writer *to, const hil_dump_memory *from) {
    hil_put_u8(to, from->memory);
    hil_put_u8(to, from->count);
    hil_put_u32(to, from->address);
    hil_put_u32(to, from->length);
}

void hil_read_dump_memory(hil_reader *from, hil_dump_memory *to) {
    to->memory = hil_get_u8(from);
    to->count = hil_get_u8(from);
    to->address = hil_get_u32(from);
    to->length = hil_get_u32(from);
}



void hil_write_configure_stream(hil_writer *to, const hil_configure_stream *from) {
    hil_put_u8(to, from->channels);
    hil_put_u32(to, from->next_row);
    hil_put_counted(to, from->classes, 2);
    hil_put_u8(to, from->mode);
}

void hil_read_configure_stream(hil_reader *from, hil_configure_stream *to) {
    to->channels = hil_get_u8(from);
    to->next_row = hil_get_u32(from);
    to->classes = hil_get_counted(from, 2);
    to->mode = hil_get_u8(from);
}

void hil_write_create_model(hil_writer *to, const hil_create_model *from) {
    hil_put_text(to, from->learner);
    hil_put_text(to, from->features);
    hil_put_text(to, from->arithmetic);
    hil_put_counted(to, from->channels, 1);
    hil_put_u8(to, from->bias);
    hil_put_u8(to, from->hyperparameters.count);
    hil_reader hyperparameters = from->hyperparameters.reader; /* where the items are when they were read */
    for (uint8_t i = 0; i < from->hyperparameters.count; i++) {
        hil_hyperparameter item;
        if (from->hyperparameters.items != NULL) {
            item = from->hyperparameters.items[i];
        } else {
            hil_read_hyperparameter(&hyperparameters, &item);
        }
        hil_write_hyperparameter(to, &item);
    }
}

void hil_read_create_model(hil_reader *from, hil_create_model *to) {
    to->learner = hil_get_text(from);
    to->features = hil_get_text(from);
    to->arithmetic = hil_get_text(from);
    to->channels = hil_get_counted(from, 1);
    to->bias = hil_get_u8(from);
    to->hyperparameters.items = NULL;
    to->hyperparameters.count = hil_get_u8(from);
    to->hyperparameters.reader = *from;
    for (uint8_t i = 0; i < to->hyperparameters.count && !from->failed; i++) {
        hil_hyperparameter skipped;
        hil_read_hyperparameter(from, &skipped);
    }
}

void hil_write_samples(hil_writer *to, const hil_samples *from) {
    hil_put_u32(to, from->first_row);
    hil_put_octets(to, from->records.bytes, from->records.count);
}

void hil_read_samples(hil_reader *from, hil_samples *to) {
    to->first_row = hil_get_u32(from);
    to->records = hil_get_rest(from);
}

void hil_write_predict(hil_writer *to, const hil_predict *from) {
    hil_put_u32(to, from->first_row);
    hil_put_octets(to, from->records.bytes, from->records.count);
}

void hil_read_predict(hil_reader *from, hil_predict *to) {
    to->first_row = hil_get_u32(from);
    to->records = hil_get_rest(from);
}





void hil_write_open_data_set(hil_writer *to, const hil_open_data_set *from) {
    hil_put_u32(to, from->rows);
}

void hil_read_open_data_set(hil_reader *from, hil_open_data_set *to) {
    to->rows = hil_get_u32(from);
}

void hil_write_train_epoch(hil_writer *to, const hil_train_epoch *from) {
    hil_put_u8(to, from->model);
    hil_put_u16(to, from->epoch);
}

void hil_read_train_epoch(hil_reader *from, hil_train_epoch *to) {
    to->model = hil_get_u8(from);
    to->epoch = hil_get_u16(from);
}



void hil_write_protect_model(hil_writer *to, const hil_protect_model *from) {
    hil_put_u8(to, from->model);
    hil_put_u8(to, from->copies);
    hil_put_u8(to, from->checksum);
    hil_put_u8(to, from->range);
    hil_put_f64(to, from->bound);
    hil_put_u8(to, from->action);
}

void hil_read_protect_model(hil_reader *from, hil_protect_model *to) {
    to->model = hil_get_u8(from);
    to->copies = hil_get_u8(from);
    to->checksum = hil_get_u8(from);
    to->range = hil_get_u8(from);
    to->bound = hil_get_f64(from);
    to->action = hil_get_u8(from);
}

void hil_write_protect_bank(hil_writer *to, const hil_protect_bank *from) {
    hil_put_u32(to, from->rows);
    hil_put_u8(to, from->watchdog);
}

void hil_read_protect_bank(hil_reader *from, hil_protect_bank *to) {
    to->rows = hil_get_u32(from);
    to->watchdog = hil_get_u8(from);
}



void hil_write_accepted(hil_writer *to, const hil_accepted *from) {
    hil_put_u16(to, from->packet_id);
    hil_put_u16(to, from->sequence);
}

void hil_read_accepted(hil_reader *from, hil_accepted *to) {
    to->packet_id = hil_get_u16(from);
    to->sequence = hil_get_u16(from);
}

void hil_write_not_accepted(hil_writer *to, const hil_not_accepted *from) {
    hil_put_u16(to, from->packet_id);
    hil_put_u16(to, from->sequence);
    hil_put_u16(to, from->code);
    hil_put_u32(to, from->number);
}

void hil_read_not_accepted(hil_reader *from, hil_not_accepted *to) {
    to->packet_id = hil_get_u16(from);
    to->sequence = hil_get_u16(from);
    to->code = hil_get_u16(from);
    to->number = hil_get_u32(from);
}

void hil_write_completed(hil_writer *to, const hil_completed *from) {
    hil_put_u16(to, from->packet_id);
    hil_put_u16(to, from->sequence);
}

void hil_read_completed(hil_reader *from, hil_completed *to) {
    to->packet_id = hil_get_u16(from);
    to->sequence = hil_get_u16(from);
}

void hil_write_not_completed(hil_writer *to, const hil_not_completed *from) {
    hil_put_u16(to, from->packet_id);
    hil_put_u16(to, from->sequence);
    hil_put_u16(to, from->code);
    hil_put_u32(to, from->number);
}

void hil_read_not_completed(hil_reader *from, hil_not_completed *to) {
    to->packet_id = hil_get_u16(from);
    to->sequence = hil_get_u16(from);
    to->code = hil_get_u16(from);
    to->number = hil_get_u32(from);
}

void hil_write_housekeeping(hil_writer *to, const hil_housekeeping *from) {
    hil_put_u8(to, from->structure);
    hil_put_u32(to, from->stack_bytes);
    hil_put_u32(to, from->stack_peak_bytes);
    hil_put_u32(to, from->handler_stack_bytes);
    hil_put_u32(to, from->handler_stack_peak_bytes);
    hil_put_u32(to, from->arena_bytes);
    hil_put_u32(to, from->arena_used_bytes);
    hil_put_u32(to, from->data_bytes);
    hil_put_u32(to, from->data_used_bytes);
    hil_put_u8(to, from->models);
    hil_put_u32(to, from->next_row);
    hil_put_u32(to, from->frames_received);
    hil_put_u32(to, from->frames_corrupt);
    hil_put_u32(to, from->frames_out_of_order);
    hil_put_u32(to, from->frames_resent);
    hil_put_u32(to, from->receive_overruns);
    hil_put_u32(to, from->meter_overhead);
    hil_put_u32(to, from->interrupts_in_steps);
}

void hil_read_housekeeping(hil_reader *from, hil_housekeeping *to) {
    to->structure = hil_get_u8(from);
    to->stack_bytes = hil_get_u32(from);
    to->stack_peak_bytes = hil_get_u32(from);
    to->handler_stack_bytes = hil_get_u32(from);
    to->handler_stack_peak_bytes = hil_get_u32(from);
    to->arena_bytes = hil_get_u32(from);
    to->arena_used_bytes = hil_get_u32(from);
    to->data_bytes = hil_get_u32(from);
    to->data_used_bytes = hil_get_u32(from);
    to->models = hil_get_u8(from);
    to->next_row = hil_get_u32(from);
    to->frames_received = hil_get_u32(from);
    to->frames_corrupt = hil_get_u32(from);
    to->frames_out_of_order = hil_get_u32(from);
    to->frames_resent = hil_get_u32(from);
    to->receive_overruns = hil_get_u32(from);
    to->meter_overhead = hil_get_u32(from);
    to->interrupts_in_steps = hil_get_u32(from);
}

void hil_write_informative_event(hil_writer *to, const hil_informative_event *from) {
    hil_put_u16(to, from->event);
    hil_put_u32(to, from->number);
}

void hil_read_informative_event(hil_reader *from, hil_informative_event *to) {
    to->event = hil_get_u16(from);
    to->number = hil_get_u32(from);
}

void hil_write_low_severity_event(hil_writer *to, const hil_low_severity_event *from) {
    hil_put_u16(to, from->event);
    hil_put_u32(to, from->number);
}

void hil_read_low_severity_event(hil_reader *from, hil_low_severity_event *to) {
    to->event = hil_get_u16(from);
    to->number = hil_get_u32(from);
}

void hil_write_medium_severity_event(hil_writer *to, const hil_medium_severity_event *from) {
    hil_put_u16(to, from->event);
    hil_put_u32(to, from->number);
}

void hil_read_medium_severity_event(hil_reader *from, hil_medium_severity_event *to) {
    to->event = hil_get_u16(from);
    to->number = hil_get_u32(from);
}

void hil_write_memory_dump(hil_writer *to, const hil_memory_dump *from) {
    hil_put_u8(to, from->memory);
    hil_put_u8(to, from->count);
    hil_put_u32(to, from->address);
    hil_put_byte_string(to, from->data);
    hil_put_u16(to, from->checksum);
}

void hil_read_memory_dump(hil_reader *from, hil_memory_dump *to) {
    to->memory = hil_get_u8(from);
    to->count = hil_get_u8(from);
    to->address = hil_get_u32(from);
    to->data = hil_get_byte_string(from);
    to->checksum = hil_get_u16(from);
}



void hil_write_catalogue_entry(hil_writer *to, const hil_catalogue_entry *from) {
    hil_put_u8(to, from->entry);
    hil_put_text(to, from->name);
    hil_put_text(to, from->arithmetic);
    hil_put_u8(to, from->inputs);
    hil_put_i16(to, from->tie);
    hil_put_u8(to, from->mode);
    hil_put_u8(to, from->parameters.count);
    hil_reader parameters = from->parameters.reader; /* where the items are when they were read */
    for (uint8_t i = 0; i < from->parameters.count; i++) {
        hil_parameter_info item;
        if (from->parameters.items != NULL) {
            item = from->parameters.items[i];
        } else {
            hil_read_parameter_info(&parameters, &item);
        }
        hil_write_parameter_info(to, &item);
    }
    hil_put_u8(to, from->arrays.count);
    hil_reader arrays = from->arrays.reader; /* where the items are when they were read */
    for (uint8_t i = 0; i < from->arrays.count; i++) {
        hil_array_info item;
        if (from->arrays.items != NULL) {
            item = from->arrays.items[i];
        } else {
            hil_read_array_info(&arrays, &item);
        }
        hil_write_array_info(to, &item);
    }
}

void hil_read_catalogue_entry(hil_reader *from, hil_catalogue_entry *to) {
    to->entry = hil_get_u8(from);
    to->name = hil_get_text(from);
    to->arithmetic = hil_get_text(from);
    to->inputs = hil_get_u8(from);
    to->tie = hil_get_i16(from);
    to->mode = hil_get_u8(from);
    to->parameters.items = NULL;
    to->parameters.count = hil_get_u8(from);
    to->parameters.reader = *from;
    for (uint8_t i = 0; i < to->parameters.count && !from->failed; i++) {
        hil_parameter_info skipped;
        hil_read_parameter_info(from, &skipped);
    }
    to->arrays.items = NULL;
    to->arrays.count = hil_get_u8(from);
    to->arrays.reader = *from;
    for (uint8_t i = 0; i < to->arrays.count && !from->failed; i++) {
        hil_array_info skipped;
        hil_read_array_info(from, &skipped);
    }
}

void hil_write_model_created(hil_writer *to, const hil_model_created *from) {
    hil_put_u8(to, from->model);
    hil_put_u16(to, from->dimension);
    hil_put_u8(to, from->outputs);
    hil_put_u32(to, from->state_bytes);
    hil_put_u32(to, from->arena_bytes);
    hil_put_u32(to, from->arena_used_bytes);
    hil_put_u8(to, from->prediction_bits);
    hil_put_u8(to, from->arrays.count);
    hil_reader arrays = from->arrays.reader; /* where the items are when they were read */
    for (uint8_t i = 0; i < from->arrays.count; i++) {
        hil_array_place item;
        if (from->arrays.items != NULL) {
            item = from->arrays.items[i];
        } else {
            hil_read_array_place(&arrays, &item);
        }
        hil_write_array_place(to, &item);
    }
}

void hil_read_model_created(hil_reader *from, hil_model_created *to) {
    to->model = hil_get_u8(from);
    to->dimension = hil_get_u16(from);
    to->outputs = hil_get_u8(from);
    to->state_bytes = hil_get_u32(from);
    to->arena_bytes = hil_get_u32(from);
    to->arena_used_bytes = hil_get_u32(from);
    to->prediction_bits = hil_get_u8(from);
    to->arrays.items = NULL;
    to->arrays.count = hil_get_u8(from);
    to->arrays.reader = *from;
    for (uint8_t i = 0; i < to->arrays.count && !from->failed; i++) {
        hil_array_place skipped;
        hil_read_array_place(from, &skipped);
    }
}

void hil_write_sample_report(hil_writer *to, const hil_sample_report *from) {
    hil_put_u32(to, from->first_row);
    hil_put_u16(to, from->count);
    hil_put_u32(to, from->link);
    hil_put_u8(to, from->models);
    hil_put_octets(to, from->records.bytes, from->records.count);
}

void hil_read_sample_report(hil_reader *from, hil_sample_report *to) {
    to->first_row = hil_get_u32(from);
    to->count = hil_get_u16(from);
    to->link = hil_get_u32(from);
    to->models = hil_get_u8(from);
    to->records = hil_get_rest(from);
}

void hil_write_predictions(hil_writer *to, const hil_predictions *from) {
    hil_put_u32(to, from->first_row);
    hil_put_u16(to, from->count);
    hil_put_u8(to, from->models);
    hil_put_octets(to, from->records.bytes, from->records.count);
}

void hil_read_predictions(hil_reader *from, hil_predictions *to) {
    to->first_row = hil_get_u32(from);
    to->count = hil_get_u16(from);
    to->models = hil_get_u8(from);
    to->records = hil_get_rest(from);
}

void hil_write_epoch_trained(hil_writer *to, const hil_epoch_trained *from) {
    hil_put_u8(to, from->model);
    hil_put_u16(to, from->epoch);
    hil_put_f64(to, from->loss);
    hil_put_u32(to, from->steps);
    hil_put_u32(to, from->rows);
    hil_put_u64(to, from->train);
}

void hil_read_epoch_trained(hil_reader *from, hil_epoch_trained *to) {
    to->model = hil_get_u8(from);
    to->epoch = hil_get_u16(from);
    to->loss = hil_get_f64(from);
    to->steps = hil_get_u32(from);
    to->rows = hil_get_u32(from);
    to->train = hil_get_u64(from);
}

void hil_write_statistics(hil_writer *to, const hil_statistics *from) {
    hil_put_u8(to, from->model);
    hil_put_u32(to, from->updates);
    hil_put_u8(to, from->sums.count);
    hil_reader sums = from->sums.reader; /* where the items are when they were read */
    for (uint8_t i = 0; i < from->sums.count; i++) {
        hil_operation_sum item;
        if (from->sums.items != NULL) {
            item = from->sums.items[i];
        } else {
            hil_read_operation_sum(&sums, &item);
        }
        hil_write_operation_sum(to, &item);
    }
}

void hil_read_statistics(hil_reader *from, hil_statistics *to) {
    to->model = hil_get_u8(from);
    to->updates = hil_get_u32(from);
    to->sums.items = NULL;
    to->sums.count = hil_get_u8(from);
    to->sums.reader = *from;
    for (uint8_t i = 0; i < to->sums.count && !from->failed; i++) {
        hil_operation_sum skipped;
        hil_read_operation_sum(from, &skipped);
    }
}

void hil_write_model_protected(hil_writer *to, const hil_model_protected *from) {
    hil_put_u8(to, from->model);
    hil_put_u32(to, from->guarded_bytes);
    hil_put_u32(to, from->arena_bytes);
    hil_put_u32(to, from->arena_used_bytes);
}

void hil_read_model_protected(hil_reader *from, hil_model_protected *to) {
    to->model = hil_get_u8(from);
    to->guarded_bytes = hil_get_u32(from);
    to->arena_bytes = hil_get_u32(from);
    to->arena_used_bytes = hil_get_u32(from);
}

void hil_write_protection_report(hil_writer *to, const hil_protection_report *from) {
    hil_put_u32(to, from->checks);
    hil_put_u32(to, from->scrubs);
    hil_put_u32(to, from->corrected);
    hil_put_u32(to, from->corrupt);
    hil_put_u32(to, from->out_of_range);
    hil_put_u32(to, from->rolled_back);
    hil_put_u8(to, from->stopped);
    hil_put_u32(to, from->rows);
    hil_put_u32(to, from->written);
    hil_put_u32(to, from->failed);
    hil_put_u32(to, from->sequence);
    hil_put_u32(to, from->next_row);
    hil_put_u8(to, from->resumed);
    hil_put_u8(to, from->watchdog);
}

void hil_read_protection_report(hil_reader *from, hil_protection_report *to) {
    to->checks = hil_get_u32(from);
    to->scrubs = hil_get_u32(from);
    to->corrected = hil_get_u32(from);
    to->corrupt = hil_get_u32(from);
    to->out_of_range = hil_get_u32(from);
    to->rolled_back = hil_get_u32(from);
    to->stopped = hil_get_u8(from);
    to->rows = hil_get_u32(from);
    to->written = hil_get_u32(from);
    to->failed = hil_get_u32(from);
    to->sequence = hil_get_u32(from);
    to->next_row = hil_get_u32(from);
    to->resumed = hil_get_u8(from);
    to->watchdog = hil_get_u8(from);
}
