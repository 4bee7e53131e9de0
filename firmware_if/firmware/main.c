/* The reference payload: static memory, and a loop that sleeps until the link has something. */
#include "../c/service.h"
#include "payload.h"

/* A variable of its own section (.bss.arena), so that the linker script can tell it from the rest. */
_Alignas(8) static uint8_t arena[HIL_ARENA_BYTES];
/* Likewise .bss.data_region: a data set for batch training. */
_Alignas(8) static uint8_t data_region[HIL_DATA_BYTES];
static hil_service service;

void payload_main(hil_port *port) {
    hil_service_open(&service, port, hil_build_id, (hil_memory){arena, sizeof arena, data_region, sizeof data_region});
    for (;;) {
        hil_service_run(&service);
        hil_watch_sleep(port);
        port->wait(port->context);
    }
}
