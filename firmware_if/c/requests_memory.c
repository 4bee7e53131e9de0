/* ST[06]: reading and writing models' states. */
#include <string.h>

#include "protect.h"
#include "requests.h"

/* A dumped area leaves room for the other fields of its packet. */
#define DUMP_BYTES 896u

/* The model with that handle if [address, address + length) lies in its state, else why not. */
static hil_refusal find_memory(hil_service *service, uint8_t handle, uint32_t address, size_t length, hil_model **model) {
    if (handle >= service->bank.model_count) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_MODEL, service->bank.model_count};
    }
    *model = service->bank.models[handle];
    if (address > (*model)->state_bytes || length > (*model)->state_bytes - address) {
        return (hil_refusal){HIL_FAILURE_CODE_MEMORY_RANGE, (*model)->state_bytes};
    }
    return HIL_DONE;
}

hil_refusal hil_request_load_memory(hil_service *service, hil_reader *fields) {
    hil_load_memory request;
    hil_read_load_memory(fields, &request);
    if (!hil_complete(fields) || request.count != 1) {
        return HIL_MALFORMED;
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
    hil_accept(service);
    hil_protect_check(&service->bank, model); /* what is not loaded is accepted with it */
    if (request.data.count > 0) {
        memcpy(model->memory + request.address, request.data.bytes, request.data.count);
    }
    hil_model_clear_scratch(model);
    model->not_finite = false;
    model->not_finite_reported = false;
    hil_protect_accept(&service->bank, model);
    return HIL_DONE;
}

hil_refusal hil_request_dump_memory(hil_service *service, hil_reader *fields) {
    hil_dump_memory request;
    hil_read_dump_memory(fields, &request);
    if (!hil_complete(fields) || request.count != 1) {
        return HIL_MALFORMED;
    }
    hil_model *model;
    hil_refusal refusal = find_memory(service, request.memory, request.address, request.length, &model);
    if (refusal.code != 0) {
        return refusal;
    }
    hil_accept(service);
    hil_protect_check(&service->bank, model);
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
    return HIL_DONE;
}
