/* What the reference payload offers to its ports, and what the build adds. */
#ifndef PAYLOAD_H
#define PAYLOAD_H

#include "../c/port.h"

/* Memory for models; the linker places it as section .arena, so that it can be told from the rest. */
#ifndef HIL_ARENA_BYTES
#define HIL_ARENA_BYTES 131072u
#endif

/* Memory for a data set; the linker places it as section .data_region. */
#ifndef HIL_DATA_BYTES
#define HIL_DATA_BYTES 1048576u
#endif

/* Runs the payload for ever. Called once by the port's start-up code. */
void payload_main(hil_port *port);

/* Hash of sources, flags and compiler, written by the build. */
extern const uint8_t hil_build_id[16];

#endif
