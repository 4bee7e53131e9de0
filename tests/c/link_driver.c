/* The payload's link on a port of memory, step by step. Operations:
 *   o  open: receive_bytes u32, entropy u32          i  bytes that have been received
 *   w  bytes that arrive when the link next waits    v  hil_link_receive
 *   a  hil_link_answer      s  send telemetry: service, subtype, fields      c  hil_link_announce: credit u16
 *   k  the telecommand handed over last, as it is now                        q  counters
 * Every answer ends with what was sent meanwhile. */
#include <stdlib.h>
#include <string.h>

#include "wire_driver.h"

#define QUEUE_BYTES 65536u
#define ARRIVALS 64u

static struct {
    hil_link link;
    hil_port port;
    uint8_t received[QUEUE_BYTES];
    size_t received_count;
    size_t received_taken;
    struct {
        uint8_t *bytes;
        size_t count;
    } arrivals[ARRIVALS];
    size_t arrival_count;
    size_t arrivals_taken;
    uint8_t sent[QUEUE_BYTES * 4];
    size_t sent_count;
    uint32_t entropy;
    uint32_t ticks;
    hil_octets packet;
    bool quiet; /* hostile run: what is sent is not kept, and a wait is answered by a new session */
    uint32_t random;
} bench;

static void arrive(const uint8_t *bytes, size_t count) {
    if (bench.received_taken == bench.received_count) {
        bench.received_taken = 0;
        bench.received_count = 0;
    }
    if (count > QUEUE_BYTES - bench.received_count) {
        fprintf(stderr, "the driver's receive queue is too small\n");
        exit(4);
    }
    memcpy(bench.received + bench.received_count, bytes, count);
    bench.received_count += count;
}

static size_t port_receive(void *context, uint8_t *bytes, size_t capacity) {
    (void)context;
    size_t left = bench.received_count - bench.received_taken;
    size_t count = left < capacity ? left : capacity;
    memcpy(bytes, bench.received + bench.received_taken, count);
    bench.received_taken += count;
    return count;
}

static void port_transmit(void *context, const uint8_t *bytes, size_t count) {
    (void)context;
    if (count < 3 || bytes[0] != 0 || bytes[count - 1] != 0) {
        fprintf(stderr, "the link sent %zu bytes that are no frame\n", count);
        exit(4);
    }
    if (bench.quiet) {
        return;
    }
    if (count > sizeof bench.sent - bench.sent_count) {
        fprintf(stderr, "the driver's send queue is too small\n");
        exit(4);
    }
    memcpy(bench.sent + bench.sent_count, bytes, count);
    bench.sent_count += count;
}

static uint32_t draw(void) { /* xorshift32: Marsaglia, J. Stat. Soft. 8(14), 2003 */
    bench.random ^= bench.random << 13;
    bench.random ^= bench.random >> 17;
    bench.random ^= bench.random << 5;
    return bench.random;
}

static void arrive_frame(hil_link_header header, const uint8_t *body, size_t body_bytes) {
    uint8_t frame[HIL_MAX_FRAME_BYTES];
    arrive(frame, hil_enframe(&header, body, body_bytes, frame, sizeof frame));
}

static void arrive_new_session(void) {
    uint8_t body[8];
    for (size_t i = 0; i < sizeof body; i++) {
        body[i] = (uint8_t)draw();
    }
    arrive_frame((hil_link_header){.type = HIL_FRAME_HELLO_REQUEST}, body, sizeof body);
}

static void port_wait(void *context) {
    (void)context;
    if (bench.quiet) {
        if (draw() % 2 == 0) {
            arrive_new_session();
        } else {
            arrive_frame((hil_link_header){.type = HIL_FRAME_STATUS, .tag = bench.link.tag, .ack = bench.link.next_sequence},
                         NULL, 0);
        }
    } else if (bench.arrivals_taken < bench.arrival_count) {
        arrive(bench.arrivals[bench.arrivals_taken].bytes, bench.arrivals[bench.arrivals_taken].count);
        free(bench.arrivals[bench.arrivals_taken].bytes);
        bench.arrivals_taken++;
    } else {
        printf("sleeps for ever\n");
        exit(3);
    }
}

static uint32_t port_ticks(void *context) {
    (void)context;
    return bench.ticks++;
}

static uint64_t port_uptime_us(void *context) {
    (void)context;
    return 1500000; /* 1.5 s */
}

static uint32_t port_entropy(void *context) {
    (void)context;
    return bench.entropy;
}

static uint32_t port_mask(void *context) {
    (void)context;
    return 0;
}

static void port_unmask(void *context, uint32_t saved) {
    (void)context;
    (void)saved;
}

static void open_link(uint32_t receive_bytes, uint32_t entropy) {
    memset(&bench, 0, sizeof bench);
    bench.entropy = entropy;
    bench.port = (hil_port){.receive = port_receive,
                            .transmit = port_transmit,
                            .wait = port_wait,
                            .ticks = port_ticks,
                            .uptime_us = port_uptime_us,
                            .mask = port_mask,
                            .unmask = port_unmask,
                            .interrupts = port_ticks,
                            .entropy = port_entropy,
                            .name = "memory",
                            .clock_kind = HIL_CLOCK_KIND_HOST,
                            .tick_factor = 1,
                            .receive_bytes = receive_bytes};
    hil_hello hello = {.magic = 0x48494C31u, .version = HIL_VERSION, .fingerprint = HIL_FINGERPRINT,
                       .receive_bytes = receive_bytes, .frame_bytes = HIL_MAX_FRAME_BYTES, .name = "memory"};
    hil_link_open(&bench.link, &bench.port, &hello);
}

static bool send(hil_reader *request) {
    uint8_t service = hil_get_u8(request);
    uint8_t subtype = hil_get_u8(request);
    hil_octets fields = hil_get_rest(request);
    hil_put_octets(hil_link_begin(&bench.link, service, subtype), fields.bytes, fields.count);
    return hil_link_end(&bench.link);
}

static void receive(void) {
    hil_link_event event = hil_link_receive(&bench.link, &bench.packet);
    static const char *const NAMES[] = {"idle", "packet", "polled", "new session"};
    printf("%s", NAMES[event]);
    if (event == HIL_LINK_PACKET) {
        print_hex("packet", bench.packet.bytes, bench.packet.count);
    }
    printf("\n");
}

void link_operation(int operation, hil_reader *request) {
    hil_octets bytes;
    switch (operation) {
    case 'o': {
        uint32_t receive_bytes = hil_get_u32(request);
        open_link(receive_bytes, hil_get_u32(request));
        break;
    }
    case 'i':
        bytes = hil_get_rest(request);
        arrive(bytes.bytes, bytes.count);
        break;
    case 'w':
        bytes = hil_get_rest(request);
        bench.arrivals[bench.arrival_count % ARRIVALS].bytes = copy_exactly(bytes.bytes, bytes.count);
        bench.arrivals[bench.arrival_count++ % ARRIVALS].count = bytes.count;
        break;
    case 'v':
        receive();
        break;
    case 'a':
        hil_link_answer(&bench.link);
        break;
    case 's':
        printf("%s\n", send(request) ? "true" : "false");
        break;
    case 'c':
        hil_link_announce(&bench.link, hil_get_u16(request));
        break;
    case 'k':
        print_hex("packet", bench.packet.bytes, bench.packet.count);
        printf("\n");
        break;
    case 'q':
        printf("resent %u out_of_order %u credit %u\n", (unsigned)bench.link.frames_resent,
               (unsigned)bench.link.frames_out_of_order, hil_link_full_credit(&bench.link));
        break;
    default:
        fprintf(stderr, "unknown operation %d\n", operation);
        exit(4);
    }
    print_hex("sent", bench.sent, bench.sent_count);
    printf("\n");
    bench.sent_count = 0;
}

/* One hostile input: noise, an intact frame with wild fields, or one with plausible fields, sometimes damaged. */
static void arrive_hostile(void) {
    uint8_t body[HIL_MAX_PACKET_BYTES];
    size_t count = draw() % 8 == 0 ? draw() % sizeof body : draw() % 48;
    for (size_t i = 0; i < count; i++) {
        body[i] = (uint8_t)(draw() >> 8);
    }
    static const uint8_t TYPES[] = {HIL_FRAME_HELLO_REQUEST, HIL_FRAME_HELLO, HIL_FRAME_DATA, HIL_FRAME_DATA,
                                    HIL_FRAME_STATUS, HIL_FRAME_REJECT, 0, 0xFF};
    hil_link_header header = {.type = TYPES[draw() % sizeof TYPES], .poll = (uint8_t)(draw() % 3),
                              .tag = draw() % 8 == 0 ? draw() : bench.link.tag,
                              .sequence = (uint16_t)(bench.link.expected + draw() % 5 - 1),
                              .ack = (uint16_t)(bench.link.oldest_unacked + draw() % 20),
                              .credit = (uint16_t)draw()};
    if (header.type == HIL_FRAME_HELLO_REQUEST && draw() % 16 != 0) {
        header.type = HIL_FRAME_DATA;
    }
    size_t before = bench.received_count;
    switch (draw() % 8) {
    case 0:
        arrive(body, count);
        break;
    case 1:
        arrive_frame(header, body, count);
        bench.received[before + draw() % (bench.received_count - before)] ^= (uint8_t)(1u << draw() % 8);
        break;
    case 2:
        header.ack = (uint16_t)draw();
        header.sequence = (uint16_t)draw();
        arrive_frame(header, body, count);
        break;
    default:
        arrive_frame(header, body, count);
    }
}

int hostile(uint32_t seed, uint32_t inputs) {
    open_link(4096, 7);
    bench.quiet = true;
    bench.random = seed | 1u;
    uint32_t events[4] = {0};
    for (uint32_t i = 0; i < inputs; i++) {
        if (bench.received_taken == bench.received_count) { /* arrive_hostile damages what it has just queued */
            bench.received_taken = 0;
            bench.received_count = 0;
        }
        arrive_hostile();
        for (hil_link_event event; (event = hil_link_receive(&bench.link, &bench.packet)) != HIL_LINK_IDLE;) {
            events[event]++;
            if (event == HIL_LINK_POLLED) {
                hil_link_answer(&bench.link);
            } else if (event == HIL_LINK_PACKET) {
                uint8_t first = bench.packet.count > 0 ? bench.packet.bytes[0] : 0;
                for (int k = 0; k < first % 3; k++) {
                    hil_writer *fields = hil_link_begin(&bench.link, HIL_ALIVE_SERVICE, HIL_ALIVE_SUBTYPE);
                    hil_put_octets(fields, bench.packet.bytes, bench.packet.count);
                    (void)hil_link_end(&bench.link);
                }
            }
        }
    }
    bench.quiet = false;
    bench.sent_count = 0;
    uint8_t delimiter = 0;
    arrive(&delimiter, 1);
    arrive_new_session();
    bool answers = hil_link_receive(&bench.link, &bench.packet) == HIL_LINK_NEW_SESSION && bench.sent_count > 64;
    printf("%u inputs: %u packets, %u polls, %u sessions, %u frames resent, %u corrupt, %s\n", (unsigned)inputs,
           (unsigned)events[HIL_LINK_PACKET], (unsigned)events[HIL_LINK_POLLED], (unsigned)events[HIL_LINK_NEW_SESSION],
           (unsigned)bench.link.frames_resent, (unsigned)bench.link.deframer.corrupt, answers ? "answers" : "is mute");
    return answers ? 0 : 1;
}
