/* The mission service: protections of models, and what they have seen. */
#include "protect.h"
#include "requests.h"

hil_refusal hil_request_protect_model(hil_service *service, hil_reader *fields) {
    hil_protect_model request;
    hil_read_protect_model(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_bank *bank = &service->bank;
    if (bank->dispatch.count > 0 || service->data.capacity > 0 || service->checkpoints.resumed) {
        return (hil_refusal){HIL_FAILURE_CODE_STREAM_ACTIVE, service->stream.next_row};
    }
    const uint32_t used = bank->arena_used;
    const hil_refusal refusal = hil_protect(bank, &request);
    if (refusal.code != 0) {
        return refusal;
    }
    hil_accept(service);
    const hil_model_protected answer = {.model = request.model,
                                        .guarded_bytes = bank->models[request.model]->guard->bytes,
                                        .arena_bytes = bank->arena_used - used,
                                        .arena_used_bytes = bank->arena_used};
    hil_write_model_protected(
        hil_link_begin(&service->link, HIL_MODEL_PROTECTED_SERVICE, HIL_MODEL_PROTECTED_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
    return HIL_DONE;
}

hil_refusal hil_request_protect_bank(hil_service *service, hil_reader *fields) {
    hil_protect_bank request;
    hil_read_protect_bank(fields, &request);
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    if (request.watchdog > 1u || (request.watchdog == 1u && service->port->watch == NULL)) {
        return (hil_refusal){HIL_FAILURE_CODE_PROTECTION, request.watchdog};
    }
    const bool watching = service->port->watching;
    service->port->watching = request.watchdog == 1u; /* a checkpoint says so, too */
    const hil_refusal refusal = hil_checkpoints_keep(&service->checkpoints, request.rows);
    if (refusal.code != 0) {
        service->port->watching = watching;
        return refusal;
    }
    hil_accept(service);
    return HIL_DONE;
}

hil_refusal hil_request_protection(hil_service *service, hil_reader *fields) {
    if (!hil_complete(fields)) {
        return HIL_MALFORMED;
    }
    hil_accept(service);
    const hil_protection *protection = &service->bank.protection;
    const hil_checkpoints *checkpoints = &service->checkpoints;
    const hil_slot *newest = hil_store_newest(&checkpoints->store);
    const hil_protection_report answer = {.checks = protection->checks,
                                          .scrubs = protection->scrubs,
                                          .corrected = protection->corrected,
                                          .corrupt = protection->corrupt,
                                          .out_of_range = protection->out_of_range,
                                          .rolled_back = protection->rolled_back,
                                          .stopped = protection->stopped,
                                          .rows = checkpoints->rows,
                                          .written = checkpoints->written,
                                          .failed = checkpoints->failed,
                                          .sequence = checkpoints->kept && newest != NULL ? newest->sequence : 0,
                                          .next_row = checkpoints->next_row,
                                          .resumed = checkpoints->resumed ? 1u : 0u,
                                          .watchdog = service->port->watching ? 1u : 0u};
    hil_write_protection_report(
        hil_link_begin(&service->link, HIL_PROTECTION_REPORT_SERVICE, HIL_PROTECTION_REPORT_SUBTYPE), &answer);
    (void)hil_link_end(&service->link);
    return HIL_DONE;
}
