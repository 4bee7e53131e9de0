/* Serial bytes <-> frames: 0x00, COBS(header | packet | CRC-32), 0x00. SPEC.md has the bytes.
 *
 * COBS: Cheshire & Baker, "Consistent Overhead Byte Stuffing", IEEE/ACM Trans. Networking 7(2), 1999.
 * CRC-32: IEEE 802.3 (reflected 0xEDB88320), sent big-endian. CRC-16: ECSS-E-ST-70-41C annex B (0x1021, start 0xFFFF).
 * Owns no memory but the caller's; nothing here waits; ISR safe as long as one deframer is fed from one place.
 */
#ifndef HIL_FRAME_H
#define HIL_FRAME_H

#include "octets.h"
#include "wire.h"

#define HIL_LINK_HEADER_BYTES 12u
#define HIL_CRC32_BYTES 4u
/* Largest header | packet | CRC-32: two delimiters, and one COBS code byte per 254 bytes begun. */
#define HIL_MAX_CONTENT_BYTES (HIL_MAX_FRAME_BYTES - 2u - ((HIL_MAX_FRAME_BYTES - 2u) / 255u + 1u))
#define HIL_MAX_PACKET_BYTES (HIL_MAX_CONTENT_BYTES - HIL_LINK_HEADER_BYTES - HIL_CRC32_BYTES)

typedef struct {
    uint8_t type;      /* hil_frame_type; not checked here */
    uint8_t poll;      /* not 0: answer this with a Status frame that repeats the number */
    uint32_t tag;      /* nonce of the end that this frame is for */
    uint16_t sequence; /* of this Data frame; of the next Data frame in every other */
    uint16_t ack;      /* next sequence number expected: everything before it has arrived */
    uint16_t credit;   /* wire bytes that may be under way beyond ack */
} hil_link_header;

/* One intact frame; `body` lies in the deframer and lasts until it is fed again. */
typedef struct {
    hil_link_header header;
    const uint8_t *body;
    size_t body_bytes;
} hil_frame;

typedef struct {
    uint8_t content[HIL_MAX_CONTENT_BYTES];
    size_t count;     /* decoded bytes so far */
    uint8_t block;    /* code byte of the running COBS block, 0 = none begun */
    uint8_t missing;  /* bytes that block still lacks */
    bool overflow;    /* longer than any frame: dropped at the next delimiter */
    uint32_t intact;  /* frames delivered */
    uint32_t corrupt; /* non-empty runs between delimiters that were no frame */
} hil_deframer;

uint32_t hil_crc32(const uint8_t *bytes, size_t count);

/* The same in pieces: from HIL_CRC32_START on, the complement of the last value is the CRC-32. */
#define HIL_CRC32_START 0xFFFFFFFFu
uint32_t hil_crc32_more(uint32_t crc, const uint8_t *bytes, size_t count);

uint16_t hil_crc16(const uint8_t *bytes, size_t count);

void hil_deframer_reset(hil_deframer *deframer);

/* Takes bytes until a frame is complete or none are left; returns how many were taken and sets *complete. */
size_t hil_deframe(hil_deframer *deframer, const uint8_t *bytes, size_t count, hil_frame *frame, bool *complete);

/* Writes a whole frame, delimiters included; returns its length (at most HIL_MAX_FRAME_BYTES), 0 if it does not fit
 * into `capacity` or the body is larger than HIL_MAX_PACKET_BYTES. The body must not overlap `frame`. */
size_t hil_enframe(const hil_link_header *header, const uint8_t *body, size_t body_bytes, uint8_t *frame, size_t capacity);

#endif
