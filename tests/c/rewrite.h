/* Every message of the contract, read and written back; [0,0] is Hello, the body of a frame. */
#ifndef REWRITE_H
#define REWRITE_H

#include "../../firmware_if/c/wire.h"

#define REWRITTEN_BYTES (1u << 17) /* a byte string may say 65535 */

typedef enum { REWRITE_DONE, REWRITE_MALFORMED, REWRITE_UNKNOWN } rewrite_result;

/* MALFORMED: the fields do not end where the bytes do, or do not fit into `to`. */
rewrite_result rewrite_fields(uint8_t service, uint8_t subtype, hil_reader *from, hil_writer *to);

/* All of them by number. */
size_t rewrite_count(void);
void rewrite_key(size_t index, uint8_t *service, uint8_t *subtype);

#endif
