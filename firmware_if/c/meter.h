/* Measures single calls in counts of the port's clock. The cost of an empty measurement is subtracted.
 *
 * The port may mask interrupts between the stamps (it says so in its target description), so that a count repeats;
 * where it does not, interrupts that fell inside are counted.
 */
#ifndef HIL_METER_H
#define HIL_METER_H

#include "port.h"

typedef struct {
    uint32_t count;
    uint32_t minimum;
    uint32_t maximum;
    uint64_t sum;
} hil_sums;

typedef struct {
    hil_port *port;
    uint32_t overhead;            /* counts of an empty measurement */
    uint32_t inside;              /* counts between stamps since hil_meter_row_begin, overhead included */
    uint32_t row_start;           /* ticks */
    uint32_t interrupts_in_steps; /* since start, or since the bank was reset */
} hil_meter;

typedef struct {
    uint32_t saved;
    uint32_t interrupts;
    uint32_t ticks;
} hil_stamp;

/* Measures an empty step several times and keeps the least. */
void hil_meter_open(hil_meter *meter, hil_port *port);

/* Encloses one call; hil_meter_end returns its counts, at least 0. */
static inline hil_stamp hil_meter_begin(hil_meter *meter) {
    hil_port *port = meter->port;
    hil_stamp stamp;
    stamp.saved = port->mask(port->context);
    stamp.interrupts = port->interrupts(port->context);
    stamp.ticks = port->ticks(port->context);
    return stamp;
}

uint32_t hil_meter_end(hil_meter *meter, hil_stamp stamp);

/* Encloses the whole work on a row; returns the counts that no step inside took. */
void hil_meter_row_begin(hil_meter *meter);
uint32_t hil_meter_row_end(hil_meter *meter);

/* Ticks of the port's counter as counts, rounded to the nearest. */
uint32_t hil_counts(const hil_port *port, uint32_t ticks);

void hil_sums_add(hil_sums *sums, uint32_t counts);

#endif
