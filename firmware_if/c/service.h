/* The payload's services: what each telecommand does, and the telemetry that answers it. */
#ifndef HIL_SERVICE_H
#define HIL_SERVICE_H

#include "bank.h"
#include "checkpoint.h"
#include "link.h"
#include "meter.h"
#include "stream.h"

/* Least time between two scrubs: a line that wakes the payload for each byte must not be slowed down by them. */
#ifndef HIL_SCRUB_INTERVAL_US
#define HIL_SCRUB_INTERVAL_US 1000u
#endif

typedef struct {
    hil_port *port;
    hil_link link;
    hil_meter meter;
    hil_bank bank;
    hil_stream stream;
    hil_dataset data;
    hil_checkpoints checkpoints;
    bool watchdog_to_tell; /* this start was forced by the watchdog */
    hil_telecommand telecommand; /* being carried out */
    bool accepted;               /* its acceptance has been reported */
    uint32_t overruns_before; /* of the port's receive_overruns, those before the bank was reset */
    uint32_t overruns_reported; /* of those since */
    uint64_t scrubbed_us; /* uptime of the newest scrub */
} hil_service;

/* Says hello. The memory lives as long as the service. */
void hil_service_open(hil_service *service, hil_port *port, const uint8_t build_id[16], hil_memory memory);

/* Deals with at most one thing that has been received, such as a telecommand (with a frame of samples, or an epoch), and
 * tells whether to ask again; false: nothing more waits. For a main loop that has other work between two of them. */
bool hil_service_step(hil_service *service);

/* For when nothing waits: checks one guarded model, if the last time is HIL_SCRUB_INTERVAL_US ago. hil_service_run does it. */
void hil_service_idle(hil_service *service);

/* Deals with everything that has been received; returns when nothing more waits. While the bench keeps sending, that
 * may be never. */
void hil_service_run(hil_service *service);

#endif
