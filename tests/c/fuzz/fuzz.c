#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void fuzz_broken(const char *law, const char *file, int line) {
    const char *slash = strrchr(file, '/');
    fprintf(stderr, "FUZZ: broken law at %s:%d: %s\n", slash == NULL ? file : slash + 1, line, law);
    fflush(stderr);
    abort();
}

uint8_t *fuzz_copy(const uint8_t *bytes, size_t count) {
    uint8_t *copy = malloc(count);
    if (copy == NULL && count > 0) {
        fuzz_broken("there is memory", __FILE__, __LINE__);
    }
    if (count > 0) {
        memcpy(copy, bytes, count);
    }
    return copy;
}

uint32_t fuzz_crc32(const uint8_t *bytes, size_t count) {
    static uint32_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256u; i++) {
            uint32_t crc = i;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc >> 1) ^ ((crc & 1u) != 0 ? 0xEDB88320u : 0u);
            }
            table[i] = crc;
        }
    }
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < count; i++) {
        crc = table[(crc ^ bytes[i]) & 0xFFu] ^ (crc >> 8);
    }
    return ~crc;
}

uint16_t fuzz_crc16(const uint8_t *bytes, size_t count) {
    static uint16_t table[256];
    if (table[1] == 0) {
        for (uint32_t i = 0; i < 256u; i++) {
            uint32_t crc = i << 8;
            for (int bit = 0; bit < 8; bit++) {
                crc = (crc << 1) ^ ((crc & 0x8000u) != 0 ? 0x1021u : 0u);
            }
            table[i] = (uint16_t)crc;
        }
    }
    uint32_t crc = 0xFFFFu;
    for (size_t i = 0; i < count; i++) {
        crc = ((crc << 8) ^ table[((crc >> 8) ^ bytes[i]) & 0xFFu]) & 0xFFFFu;
    }
    return (uint16_t)crc;
}

void fuzz_mend_crc16(uint8_t *packet, size_t count) {
    if (count >= 2u) {
        const uint16_t crc = fuzz_crc16(packet, count - 2u);
        packet[count - 2u] = (uint8_t)(crc >> 8);
        packet[count - 1u] = (uint8_t)crc;
    }
}

void fuzz_mend_packet(uint8_t *packet, size_t count) {
    if (count >= 9u) {
        packet[4] = (uint8_t)((count - 7u) >> 8);
        packet[5] = (uint8_t)(count - 7u);
        fuzz_mend_crc16(packet, count);
    }
}
