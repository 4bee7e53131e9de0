/* The seam to memory that outlives the power: NOR flash, or what stands in for it. One struct, owned by the port.
 *
 * Addresses count from 0 to bytes - 1. Erasing sets all bytes of a sector to 0xFF; programming may only be relied upon on
 * erased bytes, once each. Each call returns when the work is done, false when it could not be. Never called from an
 * interrupt handler, nor inside a measured step.
 */
#ifndef HIL_STORAGE_H
#define HIL_STORAGE_H

#include <stdbool.h>
#include <stdint.h>

#define HIL_STORAGE_ERASED 0xFFu
#define HIL_STORAGE_MOST_PROGRAM_BYTES 32u

typedef struct {
    void *context;
    uint32_t bytes;         /* a multiple of 2 * sector_bytes */
    uint32_t sector_bytes;  /* what one erase clears */
    uint32_t program_bytes; /* what is programmed at once, and to which addresses are aligned; a power of two up to 32 */
    bool (*read)(void *context, uint32_t address, uint8_t *bytes, uint32_t count);
    bool (*program)(void *context, uint32_t address, const uint8_t *bytes, uint32_t count);
    bool (*erase)(void *context, uint32_t address); /* the sector that begins there */
} hil_storage;

#endif
