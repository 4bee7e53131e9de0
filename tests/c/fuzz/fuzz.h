/* What fuzz targets share. A target is LLVMFuzzerTestOneInput, linked with libFuzzer, or with main.c: a bounded,
 * repeatable run under any compiler. */
#ifndef FUZZ_H
#define FUZZ_H

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count);

/* Optional in a target: libFuzzer and main.c call it for their mutations where it is there. */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed);

/* One mutation without knowledge of the format: libFuzzer's, or that of main.c. */
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t capacity);

/* A law that the code under test broke: says which, and ends the program. */
#define FUZZ_REQUIRE(holds) ((holds) ? (void)0 : fuzz_broken(#holds, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *law, const char *file, int line);

/* A heap copy of exactly `count` bytes; the caller frees it. */
uint8_t *fuzz_copy(const uint8_t *bytes, size_t count);

/* CRC-32 and CRC-16 from tables of their own: independent of those under test. */
uint32_t fuzz_crc32(const uint8_t *bytes, size_t count);
uint16_t fuzz_crc16(const uint8_t *bytes, size_t count);

/* A packet's CRC-16 made right, or its length field too; nothing where it has no room for them. */
void fuzz_mend_crc16(uint8_t *packet, size_t count);
void fuzz_mend_packet(uint8_t *packet, size_t count);

#endif
