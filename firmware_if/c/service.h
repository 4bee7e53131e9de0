/* The payload's services: what each telecommand does, and the telemetry that answers it. */
#ifndef HIL_SERVICE_H
#define HIL_SERVICE_H

#include "bank.h"
#include "link.h"
#include "meter.h"
#include "stream.h"

typedef struct {
    hil_port *port;
    hil_link link;
    hil_meter meter;
    hil_bank bank;
    hil_stream stream;
    hil_dataset data;
    hil_telecommand telecommand; /* being carried out */
    bool accepted;               /* its acceptance has been reported */
    uint32_t overruns_reported;
} hil_service;

/* Says hello. The memory lives as long as the service. */
void hil_service_open(hil_service *service, hil_port *port, const uint8_t build_id[16], hil_memory memory);

/* Deals with everything that has been received; returns when nothing more waits. */
void hil_service_run(hil_service *service);

#endif
