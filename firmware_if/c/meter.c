#include "meter.h"

#define EMPTY_MEASUREMENTS 16u

uint32_t hil_counts(const hil_port *port, uint32_t ticks) {
    const uint32_t half = (1u << port->tick_shift) >> 1u;
    if (ticks <= UINT16_MAX && port->tick_factor <= UINT16_MAX / 2u) { /* nearly every step: fits into 32 bits */
        return (ticks * port->tick_factor + half) >> port->tick_shift;
    }
    return (uint32_t)(((uint64_t)ticks * port->tick_factor + half) >> port->tick_shift);
}

uint32_t hil_meter_end(hil_meter *meter, hil_stamp stamp) {
    hil_port *port = meter->port;
    uint32_t ticks = port->ticks(port->context) - stamp.ticks;
    meter->interrupts_in_steps += port->interrupts(port->context) - stamp.interrupts;
    port->unmask(port->context, stamp.saved);
    uint32_t counts = hil_counts(port, ticks);
    meter->inside += counts;
    return counts > meter->overhead ? counts - meter->overhead : 0;
}

void hil_meter_open(hil_meter *meter, hil_port *port) {
    *meter = (hil_meter){.port = port};
    uint32_t least = UINT32_MAX;
    for (uint32_t i = 0; i < EMPTY_MEASUREMENTS; i++) {
        hil_stamp stamp = hil_meter_begin(meter);
        uint32_t counts = hil_meter_end(meter, stamp);
        least = counts < least ? counts : least;
    }
    meter->overhead = least;
    meter->interrupts_in_steps = 0;
}

void hil_meter_row_begin(hil_meter *meter) {
    meter->inside = 0;
    meter->row_start = meter->port->ticks(meter->port->context);
}

uint32_t hil_meter_row_end(hil_meter *meter) {
    uint32_t counts = hil_counts(meter->port, meter->port->ticks(meter->port->context) - meter->row_start);
    return counts > meter->inside ? counts - meter->inside : 0;
}

void hil_sums_add(hil_sums *sums, uint32_t counts) {
    if (sums->count == 0 || counts < sums->minimum) {
        sums->minimum = counts;
    }
    if (counts > sums->maximum) {
        sums->maximum = counts;
    }
    sums->count++;
    sums->sum += counts;
}
