/* What main.c needs of the machine. One file per board: board_native.c, board_m4.c. */
#ifndef BOARD_H
#define BOARD_H

#include <stdint.h>

#include "port.h"

/* Starts clock and serial line. The port lacks only `wait`, which is the main loop's affair. */
hil_port *board_start(int count, char **words);

/* Microseconds since start. */
uint64_t board_time_us(void);

/* Sleeps until that time at the latest; a received byte ends the sleep. */
void board_sleep_until(uint64_t time_us);

#endif
