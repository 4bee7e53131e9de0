#include "packet.h"

#define PRIMARY_HEADER_BYTES 6u
#define PUS_VERSION 2u
#define TC_PACKET_ID (0x1800u | HIL_APID) /* version 0, telecommand, secondary header present */
#define TM_PACKET_ID (0x0800u | HIL_APID)
#define UNSEGMENTED 0xC000u
#define SEQUENCE_MASK 0x3FFFu
/* CUC P-field: epoch of the agency's choice (here: start of the payload), 4 octets of seconds, 2 of 2^-16 s. */
#define CUC_P_FIELD 0x2Eu

bool hil_read_telecommand(const uint8_t *bytes, size_t count, hil_telecommand *to) {
    hil_reader reader = hil_reader_over(bytes, count);
    to->packet_id = hil_get_u16(&reader);
    to->sequence_control = hil_get_u16(&reader);
    if (reader.failed) {
        to->packet_id = 0; /* half a request id names nothing */
    }
    uint16_t length = hil_get_u16(&reader);
    uint8_t version = hil_get_u8(&reader);
    to->acknowledgements = version & 0xFu;
    to->service = hil_get_u8(&reader);
    to->subtype = hil_get_u8(&reader);
    (void)hil_get_u16(&reader); /* source id: one bench, nothing to tell apart */
    if (reader.failed || count < HIL_TC_HEADER_BYTES + HIL_CRC16_BYTES || to->packet_id != TC_PACKET_ID ||
        (to->sequence_control & UNSEGMENTED) != UNSEGMENTED || length + PRIMARY_HEADER_BYTES + 1u != count ||
        version >> 4 != PUS_VERSION || hil_crc16(bytes, count) != 0) { /* a CRC over data and its own CRC is 0 */
        to->service = 0;
        to->subtype = 0;
        to->acknowledgements = 0;
        to->fields = hil_reader_over(bytes, 0);
        return false;
    }
    to->fields = hil_reader_over(bytes + HIL_TC_HEADER_BYTES, count - HIL_TC_HEADER_BYTES - HIL_CRC16_BYTES);
    return true;
}

/* Whole seconds, by long division: a division of 64 bits is 800 bytes of library on a 32-bit core. */
static uint32_t split_seconds(uint64_t uptime_us, uint32_t *rest_us) {
    uint32_t seconds = 0;
    for (uint32_t bit = 32; bit-- > 0;) {
        const uint64_t part = (uint64_t)1000000u << bit;
        if (uptime_us >= part) {
            uptime_us -= part;
            seconds |= 1u << bit;
        }
    }
    *rest_us = (uint32_t)uptime_us;
    return seconds;
}

void hil_begin_telemetry(hil_writer *to, uint8_t service, uint8_t subtype, uint16_t sequence_count, uint64_t uptime_us) {
    hil_put_u16(to, TM_PACKET_ID);
    hil_put_u16(to, (uint16_t)(UNSEGMENTED | (sequence_count & SEQUENCE_MASK)));
    hil_put_u16(to, 0); /* length */
    hil_put_u8(to, PUS_VERSION << 4); /* spacecraft time reference status 0 */
    hil_put_u8(to, service);
    hil_put_u8(to, subtype);
    hil_put_u16(to, 0); /* message type counter: 0 = not kept */
    hil_put_u16(to, HIL_SOURCE_ID);
    hil_put_u8(to, CUC_P_FIELD);
    uint32_t rest_us;
    hil_put_u32(to, split_seconds(uptime_us, &rest_us));
    hil_put_u16(to, (uint16_t)(rest_us * 1024u / 15625u)); /* 2^16 / 10^6 */
}

bool hil_end_telemetry(hil_writer *to) {
    if (to->failed || to->count + HIL_CRC16_BYTES > to->capacity) {
        return false;
    }
    hil_writer length = hil_writer_over(to->bytes + 4, 2);
    hil_put_u16(&length, (uint16_t)(to->count + HIL_CRC16_BYTES - PRIMARY_HEADER_BYTES - 1u));
    hil_put_u16(to, hil_crc16(to->bytes, to->count));
    return !to->failed;
}
