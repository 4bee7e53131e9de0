#include "link.h"

#include <string.h>

/* Mixes entropy of both ends into a nonce that is not 0 (Murmur3 finaliser). */
static uint32_t draw_nonce(uint32_t a, uint32_t b) {
    uint32_t x = a ^ (b * 0x9E3779B9u);
    x = (x ^ (x >> 16)) * 0x85EBCA6Bu;
    x = (x ^ (x >> 13)) * 0xC2B2AE35u;
    x ^= x >> 16;
    return x == 0 ? 1u : x;
}

static uint16_t distance(uint16_t from, uint16_t to) {
    return (uint16_t)(to - from);
}

static hil_link_header header_of(const hil_link *link, uint8_t type, uint8_t poll) {
    return (hil_link_header){.type = type,
                             .poll = poll,
                             .tag = link->peer_tag,
                             .sequence = link->next_sequence,
                             .ack = link->expected,
                             .credit = link->credit};
}

static void send_control(hil_link *link, uint8_t type, uint8_t poll, const uint8_t *body, size_t body_bytes) {
    uint8_t frame[2 * HIL_LINK_HEADER_BYTES + 64 + HIL_CRC32_BYTES + 8]; /* a Hello is the largest */
    hil_link_header header = header_of(link, type, poll);
    size_t count = hil_enframe(&header, body, body_bytes, frame, sizeof frame);
    link->port->transmit(link->port->context, frame, count);
    link->unannounced_bytes = 0;
}

static void send_hello(hil_link *link) {
    uint8_t body[64];
    hil_writer writer = hil_writer_over(body, sizeof body);
    link->hello.nonce = link->tag;
    hil_write_hello(&writer, &link->hello);
    send_control(link, HIL_FRAME_HELLO, 0, body, writer.count);
}

uint16_t hil_link_full_credit(const hil_link *link) {
    uint32_t capacity = link->port->receive_bytes;
    uint32_t room = capacity > HIL_CONTROL_RESERVE_BYTES ? capacity - HIL_CONTROL_RESERVE_BYTES : 0;
    return room > UINT16_MAX ? UINT16_MAX : (uint16_t)room;
}

static void start_session(hil_link *link, uint32_t peer_tag) {
    link->peer_tag = peer_tag;
    link->expected = 0;
    link->next_sequence = 0;
    link->oldest_unacked = 0;
    link->gap_reported = false;
    link->poll = 0;
    link->credit = hil_link_full_credit(link);
}

void hil_link_open(hil_link *link, hil_port *port, const hil_hello *hello) {
    memset(link, 0, sizeof *link);
    link->port = port;
    link->hello = *hello;
    hil_deframer_reset(&link->deframer);
    start_session(link, 0);
    send_hello(link);
}

void hil_link_clear_counts(hil_link *link) {
    link->deframer.intact = 0;
    link->deframer.corrupt = 0;
    link->frames_out_of_order = 0;
    link->frames_resent = 0;
}

static void take_ack(hil_link *link, uint16_t ack) {
    if (distance(link->oldest_unacked, ack) <= distance(link->oldest_unacked, link->next_sequence)) {
        link->oldest_unacked = ack;
    }
}

/* Sends the packet of that sequence number, which is in the window. */
static void transmit_sent(hil_link *link, uint16_t sequence) {
    const hil_sent_packet *packet = &link->window[sequence % HIL_SEND_FRAMES];
    hil_link_header header = header_of(link, HIL_FRAME_DATA, 0);
    header.sequence = sequence;
    size_t count = hil_enframe(&header, packet->bytes, packet->count, link->frame, sizeof link->frame);
    link->port->transmit(link->port->context, link->frame, count);
    link->unannounced_bytes = 0;
}

static void resend_window(hil_link *link) {
    for (uint16_t s = link->oldest_unacked; s != link->next_sequence; s++) {
        transmit_sent(link, s);
        link->frames_resent++;
    }
}

/* True when another session began. A repeated request of the running session only repeats our Hello. */
static bool take_hello_request(hil_link *link, const hil_frame *frame) {
    hil_reader reader = hil_reader_over(frame->body, frame->body_bytes);
    uint32_t peer_tag = hil_get_u32(&reader);
    uint32_t entropy = hil_get_u32(&reader);
    if (reader.failed || peer_tag == 0) {
        return false;
    }
    bool fresh = link->tag == 0 || peer_tag != link->peer_tag;
    if (link->tag == 0) {
        link->tag = draw_nonce(entropy, link->port->entropy(link->port->context));
    }
    if (fresh) {
        start_session(link, peer_tag);
    }
    send_hello(link);
    return fresh;
}

/* A gap is reported once until the next frame in order; the bench sends again from our ack. */
static void report_gap(hil_link *link) {
    if (!link->gap_reported) {
        link->gap_reported = true;
        send_control(link, HIL_FRAME_REJECT, 0, NULL, 0);
    }
}

/* True when `frame` is the next telecommand frame. */
static bool take_data(hil_link *link, const hil_frame *frame, bool wanted) {
    uint16_t ahead = distance(link->expected, frame->header.sequence);
    if (ahead == 0 && wanted) {
        link->expected++;
        link->gap_reported = false;
        link->unannounced_bytes += (uint32_t)frame->body_bytes;
        return true;
    }
    link->frames_out_of_order++;
    if (ahead < 0x8000u) {
        report_gap(link);
    }
    return false;
}

/* Handles what is the link's own affair; returns what concerns the caller. `wanted`: a telecommand may be taken. */
static hil_link_event take_frame(hil_link *link, const hil_frame *frame, bool wanted, hil_octets *packet) {
    if (frame->header.type == HIL_FRAME_HELLO_REQUEST) {
        return take_hello_request(link, frame) ? HIL_LINK_NEW_SESSION : HIL_LINK_IDLE;
    }
    if (link->tag == 0 || frame->header.tag != link->tag) {
        if (frame->header.type == HIL_FRAME_DATA || frame->header.poll != 0) {
            send_hello(link); /* the bench talks to an earlier start of this payload: let it see the new nonce */
        }
        return HIL_LINK_IDLE;
    }
    take_ack(link, frame->header.ack);
    hil_link_event event = HIL_LINK_IDLE;
    if (frame->header.type == HIL_FRAME_DATA && take_data(link, frame, wanted)) {
        memcpy(link->telecommand, frame->body, frame->body_bytes);
        *packet = (hil_octets){.bytes = link->telecommand, .count = frame->body_bytes};
        event = HIL_LINK_PACKET;
    } else if (frame->header.type == HIL_FRAME_REJECT) {
        resend_window(link);
    }
    if (frame->header.poll != 0) {
        link->poll = frame->header.poll;
    }
    return event;
}

/* The next frame event, or IDLE once the port has nothing more. */
static hil_link_event pump(hil_link *link, bool wanted, hil_octets *packet) {
    for (;;) {
        if (link->received_taken == link->received_count) {
            link->received_taken = 0;
            link->received_count = link->port->receive(link->port->context, link->received, sizeof link->received);
            if (link->received_count == 0) {
                return HIL_LINK_IDLE;
            }
        }
        uint32_t started = link->port->ticks(link->port->context);
        hil_frame frame = {.body = NULL};
        bool complete;
        link->received_taken += hil_deframe(&link->deframer, link->received + link->received_taken,
                                            link->received_count - link->received_taken, &frame, &complete);
        hil_link_event event = complete ? take_frame(link, &frame, wanted, packet) : HIL_LINK_IDLE;
        link->work_ticks += link->port->ticks(link->port->context) - started;
        if (event == HIL_LINK_PACKET) {
            link->packet_ticks = link->work_ticks;
            link->work_ticks = 0;
        }
        if (event != HIL_LINK_IDLE || link->poll != 0) {
            return event;
        }
    }
}

hil_link_event hil_link_receive(hil_link *link, hil_octets *packet) {
    if (link->abandoned) {
        link->abandoned = false;
        return HIL_LINK_NEW_SESSION;
    }
    if (link->poll != 0) {
        return HIL_LINK_POLLED; /* reported only after the frame that carried it was dealt with */
    }
    if (link->unannounced_bytes > hil_link_full_credit(link) / 2u) {
        send_control(link, HIL_FRAME_STATUS, 0, NULL, 0);
    }
    hil_link_event event = pump(link, true, packet);
    return event == HIL_LINK_IDLE && link->poll != 0 ? HIL_LINK_POLLED : event;
}

void hil_link_answer(hil_link *link) {
    uint8_t poll = link->poll;
    link->poll = 0;
    send_control(link, HIL_FRAME_STATUS, poll, NULL, 0);
}

static bool window_full(const hil_link *link) {
    return distance(link->oldest_unacked, link->next_sequence) >= HIL_SEND_FRAMES;
}

/* While the window is full no telecommand can be taken: it could need telemetry too. Those that come are dropped and
 * asked for again afterwards. A new session empties the window. */
static void await_window(hil_link *link) {
    bool dropped = false;
    bool reported = link->gap_reported;
    while (window_full(link)) {
        hil_octets ignored;
        uint32_t before = link->frames_out_of_order;
        link->gap_reported = true; /* not yet: the answer would only bring the same frames again */
        hil_link_event event = pump(link, false, &ignored);
        if (event == HIL_LINK_NEW_SESSION) {
            link->abandoned = true;
            return;
        }
        if (link->poll != 0) {
            hil_link_answer(link);
        } else if (event == HIL_LINK_IDLE && window_full(link)) { /* nothing more comes once it has been opened */
            hil_watch_sleep(link->port);
            link->port->wait(link->port->context);
            hil_watch_work(link->port);
        }
        dropped = dropped || link->frames_out_of_order != before;
    }
    link->gap_reported = reported;
    if (dropped) {
        link->gap_reported = false;
        report_gap(link);
    }
}

/* The packet is written where it is kept for sending again. With no session, or an abandoned one, it goes nowhere: its
 * place in the empty window is free all the same. */
hil_writer *hil_link_begin(hil_link *link, uint8_t service, uint8_t subtype) {
    await_window(link);
    hil_sent_packet *packet = &link->window[link->next_sequence % HIL_SEND_FRAMES];
    link->writer = hil_writer_over(packet->bytes, sizeof packet->bytes);
    hil_begin_telemetry(&link->writer, service, subtype, link->packet_count, link->port->uptime_us(link->port->context));
    return &link->writer;
}

bool hil_link_end(hil_link *link) {
    if (!hil_end_telemetry(&link->writer)) {
        return false;
    }
    if (link->peer_tag == 0 || link->abandoned) {
        return true; /* nobody listens for it */
    }
    link->window[link->next_sequence % HIL_SEND_FRAMES].count = link->writer.count;
    link->packet_count++;
    transmit_sent(link, link->next_sequence++);
    return true;
}

void hil_link_announce(hil_link *link, uint16_t credit) {
    link->credit = credit;
    if (link->peer_tag != 0) {
        send_control(link, HIL_FRAME_STATUS, 0, NULL, 0);
    }
}
