/* What the parts of the test driver share. */
#ifndef WIRE_DRIVER_H
#define WIRE_DRIVER_H

#include <stdio.h>

#include "../../firmware_if/c/link.h"

void print_hex(const char *name, const uint8_t *bytes, size_t count);

/* A heap copy of exactly `count` bytes; the caller frees it. */
uint8_t *copy_exactly(const uint8_t *bytes, size_t count);

/* One step of the payload's link, on a port of memory; see link_driver.c. */
void link_operation(int operation, hil_reader *request);

/* Gives the link `inputs` hostile inputs; 0 when it outlived them and still answers. */
int hostile(uint32_t seed, uint32_t inputs);

#endif
