/* Telecommands that the service carries out, one function each. Not for callers of the service. */
#ifndef HIL_REQUESTS_H
#define HIL_REQUESTS_H

#include "service.h"

#define HIL_DONE ((hil_refusal){0, 0})
#define HIL_MALFORMED ((hil_refusal){HIL_FAILURE_CODE_MALFORMED, 0})

/* Carries out the telecommand whose fields these are, or says why not. */
typedef hil_refusal (*hil_request)(hil_service *service, hil_reader *fields);

/* Every check has passed: called before a request changes or answers anything. */
void hil_accept(hil_service *service);

/* Whether the fields were read to their end, and no further. */
static inline bool hil_complete(const hil_reader *fields) {
    return !fields->failed && fields->position == fields->count;
}

hil_refusal hil_request_load_memory(hil_service *service, hil_reader *fields);
hil_refusal hil_request_dump_memory(hil_service *service, hil_reader *fields);

hil_refusal hil_request_protect_model(hil_service *service, hil_reader *fields);
hil_refusal hil_request_protect_bank(hil_service *service, hil_reader *fields);
hil_refusal hil_request_protection(hil_service *service, hil_reader *fields);

hil_refusal hil_request_configure_stream(hil_service *service, hil_reader *fields);
hil_refusal hil_request_create_model(hil_service *service, hil_reader *fields);
hil_refusal hil_request_samples(hil_service *service, hil_reader *fields);
hil_refusal hil_request_open_data_set(hil_service *service, hil_reader *fields);
hil_refusal hil_request_train_epoch(hil_service *service, hil_reader *fields);
hil_refusal hil_request_predict(hil_service *service, hil_reader *fields);
hil_refusal hil_request_statistics(hil_service *service, hil_reader *fields);
hil_refusal hil_request_reset_bank(hil_service *service, hil_reader *fields);

#endif
