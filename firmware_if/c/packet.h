/* CCSDS Space Packets (133.0-B-2) with ECSS PUS-C secondary headers (ECSS-E-ST-70-41C) and packet CRC-16. */
#ifndef HIL_PACKET_H
#define HIL_PACKET_H

#include "frame.h"

#define HIL_TC_HEADER_BYTES 11u /* primary 6 + PUS-C telecommand 5 */
#define HIL_TM_HEADER_BYTES 20u /* primary 6 + PUS-C telemetry 7 + CUC time 7 */
#define HIL_CRC16_BYTES 2u

/* Acknowledgements that a telecommand asks for (PUS-C acknowledgement flags). */
#define HIL_ACK_ACCEPTANCE 0x8u
#define HIL_ACK_COMPLETION 0x1u

/* A telecommand; `fields` borrows from the packet. */
typedef struct {
    uint16_t packet_id;        /* first two octets: with sequence_control the PUS request id */
    uint16_t sequence_control; /* next two */
    uint8_t acknowledgements;
    uint8_t service;
    uint8_t subtype;
    hil_reader fields;
} hil_telecommand;

/* False when the bytes are no telecommand of this application process; `packet_id` and `sequence_control` are set
 * from the first four octets whenever there are that many (0 otherwise), so that the refusal can name the request. */
bool hil_read_telecommand(const uint8_t *bytes, size_t count, hil_telecommand *to);

/* Writes header fields of a telemetry packet of which `to` is the start; the length comes with hil_end_telemetry. */
void hil_begin_telemetry(hil_writer *to, uint8_t service, uint8_t subtype, uint16_t sequence_count, uint64_t uptime_us);

/* Fills in the length and appends the CRC-16; false if something did not fit. */
bool hil_end_telemetry(hil_writer *to);

#endif
