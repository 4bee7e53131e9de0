/* The payload's end of the reliable link: a window of telemetry frames kept until acknowledged, telecommands handed
 * over once and in order. It needs no timer: the bench asks, sends again and times out; this end answers.
 *
 * One owner, never called from an interrupt handler. All memory is in the struct.
 */
#ifndef HIL_LINK_H
#define HIL_LINK_H

#include "frame.h"
#include "packet.h"
#include "port.h"

/* Telemetry frames kept for sending again. More than the bench's whole window of samples can cause at once, so
 * that streaming never has to wait for an acknowledgement. */
#ifndef HIL_SEND_FRAMES
#define HIL_SEND_FRAMES 16u
#endif
_Static_assert((HIL_SEND_FRAMES & (HIL_SEND_FRAMES - 1u)) == 0, "sequence numbers wrap at 2^16: a power of two");

/* Part of the receive queue kept free for frames that need no credit (Status, HelloRequest). */
#define HIL_CONTROL_RESERVE_BYTES 256u

/* A telemetry packet that may have to be sent again, under a link header of that moment. */
typedef struct {
    uint8_t bytes[HIL_MAX_PACKET_BYTES];
    size_t count;
} hil_sent_packet;

typedef struct {
    hil_port *port;
    hil_hello hello;
    hil_deframer deframer;
    uint8_t received[256]; /* bytes taken off the port, not yet deframed */
    size_t received_count;
    size_t received_taken;

    uint32_t tag;           /* our nonce, 0 = no session yet */
    uint32_t peer_tag;      /* the bench's */
    uint16_t expected;      /* sequence of the next telecommand frame */
    uint16_t next_sequence; /* of the next telemetry frame */
    uint16_t oldest_unacked;
    uint16_t credit;
    uint32_t unannounced_bytes; /* taken since our ack last travelled */
    bool gap_reported;
    bool abandoned; /* another session began while a telecommand was being answered: the rest of the answer is dropped */
    uint8_t poll;   /* to be answered, 0 = none */

    uint8_t telecommand[HIL_MAX_PACKET_BYTES]; /* the one handed over: frames go on arriving while it is carried out */
    uint16_t packet_count; /* CCSDS sequence count of telemetry */
    hil_writer writer;     /* of the telemetry packet being written, which lies in the window already */
    hil_sent_packet window[HIL_SEND_FRAMES];
    uint8_t frame[HIL_MAX_FRAME_BYTES]; /* the frame being sent */

    uint32_t work_ticks;   /* spent on received bytes since the last telecommand was handed over */
    uint32_t packet_ticks; /* spent on the telecommand that was handed over last */
    uint32_t frames_out_of_order;
    uint32_t frames_resent;
} hil_link;

/* Announces this payload with a first Hello. `hello` gives all but nonce and port facts. */
void hil_link_open(hil_link *link, hil_port *port, const hil_hello *hello);

typedef enum {
    HIL_LINK_IDLE = 0,      /* nothing waits: port->wait, then ask again */
    HIL_LINK_PACKET = 1,    /* *packet is a telecommand packet, valid until the next call */
    HIL_LINK_POLLED = 2,    /* the bench waits for an answer: send what is pending, then hil_link_answer */
    HIL_LINK_NEW_SESSION = 3 /* another bench, or the same one begun anew */
} hil_link_event;

hil_link_event hil_link_receive(hil_link *link, hil_octets *packet);

/* Answers the poll that hil_link_receive reported. */
void hil_link_answer(hil_link *link);

/* Starts a telemetry packet and returns where to write its fields; sleeps while the window is full. hil_link_end sends
 * it; it returns false when a field did not fit (nothing is sent then). Without a session nothing is sent either. */
hil_writer *hil_link_begin(hil_link *link, uint8_t service, uint8_t subtype);
bool hil_link_end(hil_link *link);

/* Announces how many wire bytes the bench may have under way; 0 stops it until a later call. */
void hil_link_announce(hil_link *link, uint16_t credit);

/* Sets the counters of frames to 0. */
void hil_link_clear_counts(hil_link *link);

/* The credit that the receive queue allows. */
uint16_t hil_link_full_credit(const hil_link *link);

#endif
