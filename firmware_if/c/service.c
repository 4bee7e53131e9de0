#include "service.h"

#include <string.h>

#include "catalogue.h"

#define HELLO_MAGIC 0x48494C31u
#define WHOLE_BANK 255u
#define HOUSEKEEPING_STRUCTURE 1u
/* A dumped area leaves room for the other fields of its packet. */
#define DUMP_BYTES 896u

static const hil_refusal DONE = {0, 0};
static const hil_refusal MALFORMED = {HIL_FAILURE_CODE_MALFORMED, 0};

typedef hil_refusal (*handler)(hil_service *service, hil_reader *fields);

static void send_verification(hil_service *service, uint8_t subtype) {
    hil_accepted fields = {service->telecommand.packet_id, service->telecommand.sequence_control};
    hil_write_accepted(hil_link_begin(&service->link, HIL_ACCEPTED_SERVICE, subtype), &fields);
    (void)hil_link_end(&service->link);
}

static void send_failure(hil_service *service, uint8_t subtype, hil_refusal refusal) {
    hil_not_accepted fields = {service->telecommand.packet_id, service->telecommand.sequence_control, refusal.code,
                               refusal.number};
    hil_write_not_accepted(hil_link_begin(&service->link, HIL_NOT_ACCEPTED_SERVICE, subtype), &fields);
    (void)hil_link_end(&service->link);
}

/* Every check has passed: a handler calls this before it changes or answers anything. */
static void accept(hil_service *service) {
    service->accepted = true;
    if ((service->telecommand.acknowledgements & HIL_ACK_ACCEPTANCE) != 0) {
        send_verification(service, HIL_ACCEPTED_SUBTYPE);
    }
}

static bool complete_fields(const hil_reader *fields) {
    return !fields->failed && fields->position == fields->count;
}

static hil_refusal are_you_alive(hil_service *service, hil_reader *fields) {
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    accept(service);
    (void)hil_link_begin(&service->link, HIL_ALIVE_SERVICE, HIL_ALIVE_SUBTYPE);
    (void)hil_link_end(&service->link);
    return DONE;
}

static hil_refusal housekeeping(hil_service *service, hil_reader *fields) {
    hil_request_housekeeping request;
    hil_read_request_housekeeping(fields, &request);
    if (!complete_fields(fields) || request.count != 1 || request.structure != HOUSEKEEPING_STRUCTURE) {
        return MALFORMED;
    }
    accept(service);
    const hil_port *port = service->port;
    const hil_link *link = &service->link;
    hil_housekeeping answer = {.structure = HOUSEKEEPING_STRUCTURE,
                               .stack_bytes = port->stack.bytes == 0 ? UINT32_MAX : port->stack.bytes,
                               .stack_peak_bytes = hil_stack_peak_bytes(&port->stack),
                               .handler_stack_bytes =
                                   port->handler_stack.bytes == 0 ? UINT32_MAX : port->handler_stack.bytes,
                               .handler_stack_peak_bytes = hil_stack_peak_bytes(&port->handler_stack),
                               .arena_bytes = service->bank.arena_bytes,
                               .arena_used_bytes = service->bank.arena_used,
                               .models = service->bank.model_count,
                               .next_row = service->stream.next_row,
                               .frames_received = link->deframer.intact,
                               .frames_corrupt = link->deframer.corrupt,
                               .frames_out_of_order = link->frames_out_of_order,
                               .frames_resent = link->frames_resent,
                               .receive_overruns = port->receive_overruns,
                               .meter_overhead = service->meter.overhead,
                               .interrupts_in_steps = service->meter.interrupts_in_steps};
    hil_write_housekeeping(hil_link_begin(&service->link, HIL_HOUSEKEEPING_SERVICE, HIL_HOUSEKEEPING_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
    return DONE;
}

/* The model with that handle if [address, address + length) lies in its state, else why not. */
static hil_refusal find_memory(hil_service *service, uint8_t handle, uint32_t address, size_t length, hil_model **model) {
    if (handle >= service->bank.model_count) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_MODEL, service->bank.model_count};
    }
    *model = &service->bank.models[handle];
    if (address > (*model)->state_bytes || length > (*model)->state_bytes - address) {
        return (hil_refusal){HIL_FAILURE_CODE_MEMORY_RANGE, (*model)->state_bytes};
    }
    return DONE;
}

static hil_refusal load_memory(hil_service *service, hil_reader *fields) {
    hil_load_memory request;
    hil_read_load_memory(fields, &request);
    if (!complete_fields(fields) || request.count != 1) {
        return MALFORMED;
    }
    hil_model *model;
    hil_refusal refusal = find_memory(service, request.memory, request.address, request.data.count, &model);
    if (refusal.code != 0) {
        return refusal;
    }
    uint16_t checksum = hil_crc16(request.data.bytes, request.data.count);
    if (checksum != request.checksum) {
        return (hil_refusal){HIL_FAILURE_CODE_CHECKSUM, checksum};
    }
    accept(service);
    if (request.data.count > 0) {
        memcpy(model->memory + request.address, request.data.bytes, request.data.count);
    }
    hil_model_clear_scratch(model);
    model->not_finite = false;
    model->not_finite_reported = false;
    return DONE;
}

static hil_refusal dump_memory(hil_service *service, hil_reader *fields) {
    hil_dump_memory request;
    hil_read_dump_memory(fields, &request);
    if (!complete_fields(fields) || request.count != 1) {
        return MALFORMED;
    }
    hil_model *model;
    hil_refusal refusal = find_memory(service, request.memory, request.address, request.length, &model);
    if (refusal.code != 0) {
        return refusal;
    }
    accept(service);
    for (uint32_t sent = 0; sent < request.length;) {
        uint32_t length = request.length - sent < DUMP_BYTES ? request.length - sent : DUMP_BYTES;
        const uint8_t *bytes = model->memory + request.address + sent;
        hil_memory_dump answer = {.memory = request.memory,
                                  .count = 1,
                                  .address = request.address + sent,
                                  .data = {.bytes = bytes, .count = length},
                                  .checksum = hil_crc16(bytes, length)};
        hil_write_memory_dump(hil_link_begin(&service->link, HIL_MEMORY_DUMP_SERVICE, HIL_MEMORY_DUMP_SUBTYPE), &answer);
        (void)hil_link_end(&service->link);
        sent += length;
    }
    return DONE;
}

static hil_refusal configure_stream(hil_service *service, hil_reader *fields) {
    hil_configure_stream request;
    hil_read_configure_stream(fields, &request);
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    hil_bank *bank = &service->bank;
    bool models_fit = bank->model_count == 0 || bank->channels == request.channels;
    if (request.channels == 0 || request.channels > HIL_MAX_CHANNELS || !models_fit) {
        return (hil_refusal){HIL_FAILURE_CODE_CHANNELS, HIL_MAX_CHANNELS};
    }
    hil_reader labels = hil_reader_over(request.classes.bytes, request.classes.count * 2u);
    int16_t negative = hil_get_i16(&labels);
    int16_t positive = hil_get_i16(&labels);
    bool same = bank->model_count == 0 || (negative == bank->classes[0] && positive == bank->classes[1]);
    if (request.classes.count != HIL_CLASSES || negative == positive || !same) {
        return (hil_refusal){HIL_FAILURE_CODE_CLASSES, request.classes.count > UINT8_MAX ? 0 : (uint32_t)request.classes.count};
    }
    accept(service);
    bank->channels = request.channels;
    bank->classes[0] = negative;
    bank->classes[1] = positive;
    hil_stream_reset(&service->stream, request.next_row);
    return DONE;
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
    hil_model_created answer = {.model = (uint8_t)(model - service->bank.models),
                                .dimension = (uint16_t)model->state.dimension,
                                .state_bytes = model->state_bytes,
                                .arena_bytes = model->arena_bytes,
                                .arena_used_bytes = service->bank.arena_used,
                                .prediction_bits = 1,
                                .arrays = {.items = places, .count = (uint8_t)learner->array_count}};
    hil_write_model_created(hil_link_begin(&service->link, HIL_MODEL_CREATED_SERVICE, HIL_MODEL_CREATED_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
}

static hil_refusal create_model(hil_service *service, hil_reader *fields) {
    hil_create_model request;
    hil_read_create_model(fields, &request);
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    if (service->bank.dispatch.count > 0) {
        return (hil_refusal){HIL_FAILURE_CODE_STREAM_ACTIVE, service->stream.next_row};
    }
    hil_refusal refusal = hil_bank_create(&service->bank, &request);
    if (refusal.code != 0) {
        return refusal;
    }
    accept(service);
    send_model_created(service, &service->bank.models[service->bank.model_count - 1u]);
    return DONE;
}

static hil_refusal samples(hil_service *service, hil_reader *fields) {
    hil_samples request;
    hil_read_samples(fields, &request);
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    hil_refusal refusal = hil_stream_check_samples(&service->stream, &service->bank, &request);
    if (refusal.code == 0) {
        service->stream.link_counts = hil_counts(service->port, service->link.packet_ticks);
        accept(service);
        hil_stream_samples(&service->stream, &service->bank, &service->meter, &service->link, &request);
    }
    return refusal;
}

static hil_refusal predict(hil_service *service, hil_reader *fields) {
    hil_predict request;
    hil_read_predict(fields, &request);
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    hil_refusal refusal = hil_stream_check_predict(&service->stream, &service->bank, &request);
    if (refusal.code == 0) {
        accept(service);
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

static hil_refusal statistics(hil_service *service, hil_reader *fields) {
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    accept(service);
    const hil_bank *bank = &service->bank;
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_operation_sum sums[HIL_STEPS];
        for (uint8_t step = 0; step < HIL_STEPS; step++) {
            sums[step] = operation_sum((uint8_t)(step + 1u), &bank->models[i].sums[step]);
        }
        send_statistics(service, i, bank->models[i].updates, sums, HIL_STEPS);
    }
    const hil_operation_sum whole[] = {operation_sum(HIL_OPERATION_DISPATCH, &bank->dispatch),
                                       operation_sum(HIL_OPERATION_LINK, &bank->link)};
    send_statistics(service, WHOLE_BANK, 0, whole, 2);
    return DONE;
}

static hil_refusal reset_bank(hil_service *service, hil_reader *fields) {
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    accept(service);
    hil_bank_reset(&service->bank);
    hil_stream_reset(&service->stream, 0);
    return DONE;
}

static hil_refusal restart(hil_service *service, hil_reader *fields) {
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    service->port->restart(service->port->context);
    return DONE;
}

static hil_refusal list(hil_service *service, hil_reader *fields) {
    if (!complete_fields(fields)) {
        return MALFORMED;
    }
    accept(service);
    hil_send_catalogue(&service->link);
    return DONE;
}

static handler find_handler(uint8_t service, uint8_t subtype) {
    static const struct {
        uint8_t service;
        uint8_t subtype;
        handler handle;
    } TABLE[] = {
        {HIL_SAMPLES_SERVICE, HIL_SAMPLES_SUBTYPE, samples},
        {HIL_ARE_YOU_ALIVE_SERVICE, HIL_ARE_YOU_ALIVE_SUBTYPE, are_you_alive},
        {HIL_REQUEST_HOUSEKEEPING_SERVICE, HIL_REQUEST_HOUSEKEEPING_SUBTYPE, housekeeping},
        {HIL_LOAD_MEMORY_SERVICE, HIL_LOAD_MEMORY_SUBTYPE, load_memory},
        {HIL_DUMP_MEMORY_SERVICE, HIL_DUMP_MEMORY_SUBTYPE, dump_memory},
        {HIL_LIST_SERVICE, HIL_LIST_SUBTYPE, list},
        {HIL_CONFIGURE_STREAM_SERVICE, HIL_CONFIGURE_STREAM_SUBTYPE, configure_stream},
        {HIL_CREATE_MODEL_SERVICE, HIL_CREATE_MODEL_SUBTYPE, create_model},
        {HIL_PREDICT_SERVICE, HIL_PREDICT_SUBTYPE, predict},
        {HIL_REQUEST_STATISTICS_SERVICE, HIL_REQUEST_STATISTICS_SUBTYPE, statistics},
        {HIL_RESET_BANK_SERVICE, HIL_RESET_BANK_SUBTYPE, reset_bank},
        {HIL_RESTART_SERVICE, HIL_RESTART_SUBTYPE, restart},
    };
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
        if (TABLE[i].service == service && TABLE[i].subtype == subtype) {
            return TABLE[i].handle;
        }
    }
    return NULL;
}

static hil_refusal carry_out(hil_service *service, hil_octets packet) {
    if (!hil_read_telecommand(packet.bytes, packet.count, &service->telecommand)) {
        return MALFORMED;
    }
    handler handle = find_handler(service->telecommand.service, service->telecommand.subtype);
    if (handle == NULL) {
        uint32_t number = (uint32_t)service->telecommand.service << 8 | service->telecommand.subtype;
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_SERVICE, number};
    }
    if (handle != samples) {
        hil_stream_flush(&service->stream, &service->bank, &service->link); /* answers keep the order of requests */
    }
    return handle(service, &service->telecommand.fields);
}

static void take_packet(hil_service *service, hil_octets packet) {
    service->accepted = false;
    hil_refusal refusal = carry_out(service, packet);
    if (refusal.code != 0) {
        hil_stream_flush(&service->stream, &service->bank, &service->link);
        send_failure(service, service->accepted ? HIL_NOT_COMPLETED_SUBTYPE : HIL_NOT_ACCEPTED_SUBTYPE, refusal);
    } else if ((service->telecommand.acknowledgements & HIL_ACK_COMPLETION) != 0) {
        send_verification(service, HIL_COMPLETED_SUBTYPE);
    }
}

static void report_overruns(hil_service *service) {
    uint32_t overruns = service->port->receive_overruns;
    if (overruns != service->overruns_reported) {
        service->overruns_reported = overruns;
        hil_send_event(&service->link, HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_RECEIVE_OVERRUN, overruns);
    }
}

void hil_service_open(hil_service *service, hil_port *port, const uint8_t build_id[16], uint8_t *arena,
                      uint32_t arena_bytes) {
    memset(service, 0, sizeof *service);
    service->port = port;
    hil_meter_open(&service->meter, port);
    hil_bank_open(&service->bank, arena, arena_bytes);
    hil_hello hello = {.magic = HELLO_MAGIC,
                       .version = HIL_VERSION,
                       .fingerprint = HIL_FINGERPRINT,
                       .clock_kind = (uint8_t)port->clock_kind,
                       .clock_rate_hz = port->clock_rate_hz,
                       .arena_bytes = arena_bytes,
                       .receive_bytes = port->receive_bytes,
                       .frame_bytes = HIL_MAX_FRAME_BYTES};
    memcpy(hello.build_id, build_id, sizeof hello.build_id);
    hil_text name = hil_text_of(port->name);
    memcpy(hello.name, name.bytes, name.count < sizeof hello.name ? name.count : sizeof hello.name);
    hil_link_open(&service->link, port, &hello);
}

void hil_service_run(hil_service *service) {
    for (;;) {
        hil_octets packet;
        switch (hil_link_receive(&service->link, &packet)) {
        case HIL_LINK_PACKET:
            take_packet(service, packet);
            break;
        case HIL_LINK_POLLED:
            report_overruns(service);
            hil_stream_flush(&service->stream, &service->bank, &service->link);
            hil_link_answer(&service->link);
            break;
        case HIL_LINK_NEW_SESSION:
            hil_stream_reset(&service->stream, service->stream.next_row); /* its results were for another bench */
            break;
        case HIL_LINK_IDLE:
        default:
            return;
        }
    }
}
