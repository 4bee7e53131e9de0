#include "service.h"

#include <string.h>

#include "catalogue.h"
#include "protect.h"
#include "requests.h"
#include "stack.h"

#define HELLO_MAGIC 0x48494C31u
#define HOUSEKEEPING_STRUCTURE 1u

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

void hil_accept(hil_service *service) {
    service->accepted = true;
    if ((service->telecommand.acknowledgements & HIL_ACK_ACCEPTANCE) != 0) {
        send_verification(service, HIL_ACCEPTED_SUBTYPE);
    }
}

static hil_refusal are_you_alive(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    (void)hil_link_begin(&service->link, HIL_ALIVE_SERVICE, HIL_ALIVE_SUBTYPE);
    (void)hil_link_end(&service->link);
    return HIL_DONE;
}

/* Bytes lost since the bank was reset. */
static uint32_t overruns(const hil_service *service) {
    return service->port->receive_overruns - service->overruns_before;
}

static hil_refusal housekeeping(hil_service *service, hil_reader *fields) {
    hil_request_housekeeping request;
    hil_read_request_housekeeping(fields, &request);
    if (!hil_complete(fields) || request.count != 1 || request.structure != HOUSEKEEPING_STRUCTURE) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    const hil_port *port = service->port;
    const hil_link *link = &service->link;
    hil_housekeeping answer = {.structure = HOUSEKEEPING_STRUCTURE,
                               .stack_bytes = port->stack.bytes == 0 ? UINT32_MAX : port->stack.bytes,
                               .stack_peak_bytes = hil_stack_peak_bytes(&port->stack),
                               .handler_stack_bytes =
                                   port->handler_stack.bytes == 0 ? UINT32_MAX : port->handler_stack.bytes,
                               .handler_stack_peak_bytes = hil_stack_peak_bytes(&port->handler_stack),
                               .arena_bytes = service->bank.memory.arena_bytes,
                               .arena_used_bytes = service->bank.arena_used,
                               .data_bytes = service->bank.memory.data_bytes,
                               .data_used_bytes = service->data.used_bytes,
                               .models = service->bank.model_count,
                               .next_row = service->stream.next_row,
                               .frames_received = link->deframer.intact,
                               .frames_corrupt = link->deframer.corrupt,
                               .frames_out_of_order = link->frames_out_of_order,
                               .frames_resent = link->frames_resent,
                               .receive_overruns = overruns(service),
                               .meter_overhead = service->meter.overhead,
                               .interrupts_in_steps = service->meter.interrupts_in_steps};
    hil_write_housekeeping(hil_link_begin(&service->link, HIL_HOUSEKEEPING_SERVICE, HIL_HOUSEKEEPING_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
    return HIL_DONE;
}

static hil_refusal restart(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    service->port->restart(service->port->context);
    return HIL_DONE;
}

static hil_refusal list(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    hil_send_catalogue(&service->link);
    return HIL_DONE;
}

static hil_request find_request(uint8_t service, uint8_t subtype) {
    static const struct {
        uint8_t service;
        uint8_t subtype;
        hil_request carry_out;
    } TABLE[] = {
        {HIL_SAMPLES_SERVICE, HIL_SAMPLES_SUBTYPE, hil_request_samples},
        {HIL_ARE_YOU_ALIVE_SERVICE, HIL_ARE_YOU_ALIVE_SUBTYPE, are_you_alive},
        {HIL_REQUEST_HOUSEKEEPING_SERVICE, HIL_REQUEST_HOUSEKEEPING_SUBTYPE, housekeeping},
        {HIL_LOAD_MEMORY_SERVICE, HIL_LOAD_MEMORY_SUBTYPE, hil_request_load_memory},
        {HIL_DUMP_MEMORY_SERVICE, HIL_DUMP_MEMORY_SUBTYPE, hil_request_dump_memory},
        {HIL_LIST_SERVICE, HIL_LIST_SUBTYPE, list},
        {HIL_CONFIGURE_STREAM_SERVICE, HIL_CONFIGURE_STREAM_SUBTYPE, hil_request_configure_stream},
        {HIL_CREATE_MODEL_SERVICE, HIL_CREATE_MODEL_SUBTYPE, hil_request_create_model},
#if HIL_PROTECTION
        {HIL_PROTECT_MODEL_SERVICE, HIL_PROTECT_MODEL_SUBTYPE, hil_request_protect_model},
        {HIL_PROTECT_BANK_SERVICE, HIL_PROTECT_BANK_SUBTYPE, hil_request_protect_bank},
        {HIL_REQUEST_PROTECTION_SERVICE, HIL_REQUEST_PROTECTION_SUBTYPE, hil_request_protection},
#endif
        {HIL_PREDICT_SERVICE, HIL_PREDICT_SUBTYPE, hil_request_predict},
        {HIL_OPEN_DATA_SET_SERVICE, HIL_OPEN_DATA_SET_SUBTYPE, hil_request_open_data_set},
        {HIL_TRAIN_EPOCH_SERVICE, HIL_TRAIN_EPOCH_SUBTYPE, hil_request_train_epoch},
        {HIL_REQUEST_STATISTICS_SERVICE, HIL_REQUEST_STATISTICS_SUBTYPE, hil_request_statistics},
        {HIL_RESET_BANK_SERVICE, HIL_RESET_BANK_SUBTYPE, hil_request_reset_bank},
        {HIL_RESTART_SERVICE, HIL_RESTART_SUBTYPE, restart},
    };
    for (size_t i = 0; i < sizeof TABLE / sizeof TABLE[0]; i++) {
        if (TABLE[i].service == service && TABLE[i].subtype == subtype) {
            return TABLE[i].carry_out;
        }
    }
    return NULL;
}

static hil_refusal carry_out(hil_service *service, hil_octets packet) {
    if (!hil_read_telecommand(packet.bytes, packet.count, &service->telecommand)) {
        return HIL_MALFORMED;
    }
    hil_request request = find_request(service->telecommand.service, service->telecommand.subtype);
    if (request == NULL) {
        uint32_t number = (uint32_t)service->telecommand.service << 8 | service->telecommand.subtype;
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_SERVICE, number};
    }
    if (request != hil_request_samples) {
        hil_stream_flush(&service->stream, &service->bank, &service->link); /* answers keep the order of requests */
    }
    return request(service, &service->telecommand.fields);
}

static void send_events(hil_service *service, bool begun) {
    if (!HIL_PROTECTION) {
        return;
    }
    if (begun && service->watchdog_to_tell) {
        service->watchdog_to_tell = false;
        hil_send_event(&service->link, HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_WATCHDOG_RESET, 0);
    }
    hil_send_checkpoint_events(&service->checkpoints, &service->link, begun);
    hil_send_protection_events(&service->bank, &service->link);
}

static void take_packet(hil_service *service, hil_octets packet) {
    service->accepted = false;
    hil_refusal refusal = carry_out(service, packet);
    send_events(service, false);
    if (refusal.code != 0) {
        hil_stream_flush(&service->stream, &service->bank, &service->link);
        send_failure(service, service->accepted ? HIL_NOT_COMPLETED_SUBTYPE : HIL_NOT_ACCEPTED_SUBTYPE, refusal);
    } else if ((service->telecommand.acknowledgements & HIL_ACK_COMPLETION) != 0) {
        send_verification(service, HIL_COMPLETED_SUBTYPE);
    }
}

static void report_overruns(hil_service *service) {
    uint32_t so_far = overruns(service);
    if (so_far != service->overruns_reported) {
        service->overruns_reported = so_far;
        hil_send_event(&service->link, HIL_LOW_SEVERITY_EVENT_SUBTYPE, HIL_EVENT_ID_RECEIVE_OVERRUN, so_far);
    }
}

void hil_service_open(hil_service *service, hil_port *port, const uint8_t build_id[16], hil_memory memory) {
    memset(service, 0, sizeof *service);
    service->port = port;
    hil_meter_open(&service->meter, port);
    hil_bank_open(&service->bank, memory);
    hil_hello hello = {.magic = HELLO_MAGIC,
                       .version = HIL_VERSION,
                       .fingerprint = HIL_FINGERPRINT,
                       .clock_kind = (uint8_t)port->clock_kind,
                       .clock_rate_hz = port->clock_rate_hz,
                       .arena_bytes = memory.arena_bytes,
                       .receive_bytes = port->receive_bytes,
                       .frame_bytes = HIL_MAX_FRAME_BYTES};
    memcpy(hello.build_id, build_id, sizeof hello.build_id);
    hil_text name = hil_text_of(port->name);
    memcpy(hello.name, name.bytes, name.count < sizeof hello.name ? name.count : sizeof hello.name);
    if (HIL_PROTECTION) {
        hil_checkpoints_open(&service->checkpoints, port, &service->bank, &service->stream, build_id);
        service->watchdog_to_tell = port->started_by_watchdog;
    }
    hil_link_open(&service->link, port, &hello);
}

bool hil_service_step(hil_service *service) {
    hil_octets packet;
    const hil_link_event event = hil_link_receive(&service->link, &packet);
    if (event != HIL_LINK_IDLE) {
        hil_watch_work(service->port);
    }
    switch (event) {
    case HIL_LINK_PACKET:
        take_packet(service, packet);
        return true;
    case HIL_LINK_POLLED:
        report_overruns(service);
        send_events(service, false);
        hil_stream_flush(&service->stream, &service->bank, &service->link);
        hil_link_answer(&service->link);
        return true;
    case HIL_LINK_NEW_SESSION:
        hil_stream_reset(&service->stream, service->stream.next_row); /* its results were for another bench */
        send_events(service, true);
        return true;
    case HIL_LINK_IDLE:
    default:
        return false;
    }
}

void hil_service_idle(hil_service *service) {
    if (!HIL_PROTECTION || service->bank.protection.guarded == 0) {
        return;
    }
    const uint64_t now = service->port->uptime_us(service->port->context);
    if (now - service->scrubbed_us >= HIL_SCRUB_INTERVAL_US) {
        service->scrubbed_us = now;
        hil_protect_scrub(&service->bank);
    }
}

void hil_service_run(hil_service *service) {
    while (hil_service_step(service)) {
    }
    hil_service_idle(service);
}
