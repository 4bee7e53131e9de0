/* The interrupt controller: UART0's two interrupts alone are enabled. */
#ifndef MPS2_INTERRUPT_H
#define MPS2_INTERRUPT_H

#include <stdint.h>

/* Disables every interrupt, then enables the UART's. The core's own mask is left as it is. */
void interrupt_start(void);

/* Interrupts served since start. */
uint32_t interrupt_count(void);

#endif
