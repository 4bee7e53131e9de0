"""The seeded defects: what each changes, and the check that must catch it."""

from tests.system.broken_payloads import Defect

_HANG = "for (volatile int stuck = 1; stuck != 0;) {\n        }"
_CHECKSUM = "return (hil_refusal){HIL_FAILURE_CODE_CHECKSUM, checksum};"

DEFECTS = (
    # Hello
    Defect("short-hello", "c/link.c", "body, writer.count);", "body, writer.count - 8u);", "hello.first_64_bytes"),
    Defect("stale-contract", "c/service.c", "= HIL_FINGERPRINT,", "= HIL_FINGERPRINT ^ 1u,", "hello.fingerprint"),
    Defect(
        "deaf-to-the-second-hello",
        "c/link.c",
        "    send_hello(link);\n    return fresh;",
        "    if (fresh) {\n        send_hello(link);\n    }\n    return fresh;",
        "hello.repeats",
    ),
    Defect(
        "nonce-0-taken",
        "c/link.c",
        "if (reader.failed || peer_tag == 0) {",
        "if (reader.failed) {",
        "hello.ignores_bad_requests",
    ),
    # framing
    Defect(
        "no-opening-delimiter",
        "c/link.c",
        "link->port->transmit(link->port->context, link->frame, count);",
        "link->port->transmit(link->port->context, link->frame + 1, count - 1u);",
        "framing.delimits",
    ),
    Defect(
        "crc32-not-compared",
        "c/frame.c",
        "if (hil_get_u32(&trailer) != hil_crc32(deframer->content, checked)) {",
        "if (hil_get_u32(&trailer) == 0u && hil_crc32(deframer->content, checked) == 0u) {",
        "framing.ignores_corrupt",
    ),
    Defect("overflow-forgotten", "c/frame.c", "if (deframer->overflow || ", "if (", "framing.ignores_oversize"),
    Defect(
        "garbage-goes-on",
        "c/frame.c",
        "    deframer->missing = 0;\n",
        "",
        "framing.resynchronises",
    ),
    Defect(
        "empty-run-counted",
        "c/frame.c",
        "} else if (!empty) {",
        "} else {",
        "framing.takes_shared_delimiters",
    ),
    Defect(
        "prints-inside-frames",
        "firmware/ports/host/port.c",
        "    while (count > 0u) {\n        const ssize_t sent",
        "    static unsigned calls;\n"
        "    if (++calls % 40u == 0u && count > 20u && write(self->options.descriptor, bytes, 10) == 10 &&\n"
        '        write(self->options.descriptor, "tick\\n", 5) == 5) {\n'
        "        bytes += 10;\n        count -= 10;\n    }\n"
        "    while (count > 0u) {\n        const ssize_t sent",
        "framing.sends_only_frames_and_text",
    ),
    # session
    Defect(
        "any-tag-taken",
        "c/link.c",
        "if (link->tag == 0 || frame->header.tag != link->tag) {",
        "if (link->tag == 0) {",
        "session.answers_a_stale_tag",
    ),
    Defect(
        "resume-begins-anew",
        "c/link.c",
        "bool fresh = link->tag == 0 || peer_tag != link->peer_tag;",
        "bool fresh = true;",
        "session.same_nonce_resumes",
    ),
    Defect(
        "sequence-outlives-session",
        "c/link.c",
        "    link->next_sequence = 0;\n",
        "",
        "session.new_nonce_begins_anew",
    ),
    # packets
    Defect(
        "wrong-crc16",
        "c/packet.c",
        "hil_put_u16(to, hil_crc16(to->bytes, to->count));",
        "hil_put_u16(to, hil_crc16(to->bytes, to->count) ^ 1u);",
        "packets.crc16",
    ),
    Defect(
        "wrong-length", "c/packet.c", "- PRIMARY_HEADER_BYTES - 1u));", "- PRIMARY_HEADER_BYTES));", "packets.headers"
    ),
    Defect("count-stuck", "c/link.c", "    link->packet_count++;\n", "", "packets.counts"),
    Defect(
        "time-goes-back",
        "firmware/ports/host/port.c",
        "return (now_ns() - self->started_ns) / 1000u;",
        "return (now_ns() - self->started_ns) / 1000u % 2000u;",
        "packets.time",
    ),
    Defect(
        "any-apid-taken",
        "c/packet.c",
        "to->packet_id != TC_PACKET_ID ||",
        "(to->packet_id & 0xF800u) != (TC_PACKET_ID & 0xF800u) ||",
        "packets.refuses_no_telecommands",
    ),
    # verification and refusals
    Defect(
        "completes-unasked",
        "c/service.c",
        "} else if ((service->telecommand.acknowledgements & HIL_ACK_COMPLETION) != 0) {",
        "} else {",
        "verification.heeds_flags",
    ),
    Defect(
        "gap-called-repeat",
        "c/stream.c",
        "? HIL_FAILURE_CODE_ROW_GAP : HIL_FAILURE_CODE_ROW_REPEAT;",
        "? HIL_FAILURE_CODE_ROW_REPEAT : HIL_FAILURE_CODE_ROW_GAP;",
        "refusals.row_gap",
    ),
    Defect(
        "arena-leaks",
        "c/bank.c",
        "        bank->arena_used = used;\n        bank->mapping_count = mappings;\n",
        "        bank->mapping_count = mappings;\n",
        "refusals.arena_full",
    ),
    # reliability and credit
    Defect(
        "duplicates-carried-out",
        "c/link.c",
        "    if (ahead == 0 && wanted) {\n        link->expected++;",
        "    if ((ahead == 0 || ahead == 0xFFFFu) && wanted) {\n"
        "        link->expected = (uint16_t)(link->expected + (ahead == 0));",
        "reliability.drops_duplicates",
    ),
    Defect(
        "reject-for-each",
        "c/link.c",
        "    if (!link->gap_reported) {",
        "    if (link->expected > 0u) {",
        "reliability.rejects_a_gap_once",
    ),
    Defect(
        "nothing-sent-again",
        "c/link.c",
        "        transmit_sent(link, s);\n        link->frames_resent++;",
        "        link->frames_resent++;",
        "reliability.sends_again",
    ),
    Defect(
        "any-ack-taken",
        "c/link.c",
        "    if (distance(link->oldest_unacked, ack) <= distance(link->oldest_unacked, link->next_sequence)) {",
        "    if (distance(link->oldest_unacked, ack) < 0x8000u) {",
        "reliability.ignores_impossible_acks",
    ),
    Defect(
        "credit-is-a-lie",
        "firmware/ports/host/port.c",
        ".receive_bytes = HOST_QUEUE_BYTES,",
        ".receive_bytes = 7u * HOST_QUEUE_BYTES,",
        "credit.holds_what_it_says",
        lossy=True,
    ),
    Defect(
        "credit-without-reserve",
        "c/link.c",
        "uint32_t room = capacity > HIL_CONTROL_RESERVE_BYTES ? capacity - HIL_CONTROL_RESERVE_BYTES : 0;",
        "uint32_t room = capacity;",
        "credit.fits_the_queue",
    ),
    # housekeeping and self-description
    Defect(
        "arena-miscounted",
        "c/bank.c",
        "model->arena_bytes = bank->arena_used - used;",
        "model->arena_bytes = model->state_bytes;",
        "housekeeping.arena_is_the_sum",
    ),
    Defect("drops-uncounted", "c/frame.c", "            deframer->corrupt++;\n", "", "housekeeping.counts_frames"),
    Defect(
        "arrays-overlap",
        "c/requests_bank.c",
        ".offset = (uint32_t)(start - model->memory),",
        ".offset = (uint32_t)(start - model->memory) / 2u,",
        "catalogue.arrays_lie_apart",
    ),
    Defect(
        "range-open-above",
        "c/bank.c",
        "if (!(given.value >= parameter->minimum && given.value <= parameter->maximum) ||",
        "if (!(given.value >= parameter->minimum) ||",
        "catalogue.ranges_hold",
    ),
    # state
    Defect(
        "dump-off-by-one",
        "c/requests_memory.c",
        "const uint8_t *bytes = model->memory + request.address + sent;",
        "const uint8_t *bytes = model->memory + request.address + sent + 1;",
        "state.dumps_what_was_loaded",
    ),
    Defect(
        "length-not-checked",
        "c/requests_memory.c",
        "|| length > (*model)->state_bytes - address) {",
        "|| (uint32_t)(address + length) > (*model)->state_bytes) {",
        "state.refuses_outside",
    ),
    Defect(
        "checksum-not-compared",
        "c/requests_memory.c",
        "if (checksum != request.checksum) {",
        "if (checksum == 0u && request.checksum != 0u) {",
        "state.refuses_a_wrong_checksum",
    ),
    # training
    Defect(
        "answers-lost",
        "c/service.c",
        "        hil_stream_flush(&service->stream, &service->bank, &service->link);\n        hil_link_answer(",
        "        hil_link_answer(",
        "training.reports_every_row",
    ),
    Defect(
        "nan-trained",
        "c/stream.c",
        "    if (class_index >= 0 && finite) {",
        "    if (class_index >= 0) {",
        "training.skips_what_is_no_sample",
    ),
    Defect(
        "predicts-too-late",
        "c/bank.c",
        "model->prediction = hil_model_class(model, score);",
        "model->prediction = hil_model_class(model, learner->score(state, x, 0));",
        "training.predicts_before_it_trains",
    ),
    Defect(
        "updates-miscounted",
        "c/bank.c",
        "model->updates += updated ? 1u : 0u;",
        "model->updates += 1u;",
        "training.statistics_add_up",
    ),
    Defect(
        "another-learner",
        "learners/arow.c",
        "const hil_real beta = 1 / (v + r);",
        "const hil_real beta = 1 / (r + v + (hil_real)1e-15);",
        "training.exact",
    ),
    Defect(
        "another-batch-learner",
        "c/dataset.c",
        "data->order[i] = (uint16_t)i;",
        "data->order[i] = (uint16_t)(data->count - 1u - i);",
        "training.epochs_within_tolerance",
    ),
    # what models are made with, whole banks, long streams
    Defect("parameters-ignored", "c/bank.c", "        values[i] = given.value;\n", "", "training.exact"),
    Defect(
        "channels-ignored",
        "c/bank.c",
        "mapping->values[i] = values[mapping->channels[i]];",
        "mapping->values[i] = values[i];",
        "training.maps",
    ),
    Defect(
        "bits-of-one-byte",
        "c/stream.c",
        "bytes[place / 8u] = (uint8_t)(bytes[place / 8u] | (0x80u >> (place % 8u)));",
        "bytes[0] = (uint8_t)(bytes[0] | (0x80u >> (place % 8u)));",
        "training.many_models",
    ),
    Defect(
        "first-output-wins",
        "c/stream.c",
        "if (output == 0 || score > highest) {",
        "if (output == 0) {",
        "training.classes",
    ),
    Defect(
        "order-of-8-bits",
        "c/dataset.c",
        "data->order[i] = (uint16_t)i;",
        "data->order[i] = (uint8_t)i;",
        "training.epochs_within_tolerance",
    ),
    Defect(
        "loss-not-divided",
        "c/dataset.c",
        "    result.loss /= result.steps;\n",
        "",
        "training.epochs_within_tolerance",
    ),
    Defect(
        "link-not-summed",
        "c/stream.c",
        "    hil_sums_add(&to->bank->link, stream->link_counts);\n",
        "",
        "training.long_stream",
    ),
    Defect(
        "rows-of-16-bits",
        "c/stream.c",
        "uint32_t row = stream->next_row++;",
        "uint32_t row = stream->next_row;\n    stream->next_row = (row & 0xFFFF0000u) | ((row + 1u) & 0xFFFFu);",
        "training.long_stream",
    ),
    Defect(
        "updates-fall-back",
        "c/bank.c",
        "    model->updated = updated;\n",
        "    model->updated = updated;\n    model->updates = model->sums[0].count > 1000u ? 0u : model->updates;\n",
        "training.long_stream",
    ),
    Defect(
        "one-channel-for-all",
        "features/polynomial.c",
        "        *next++ = values[i];",
        "        *next++ = values[0];",
        "training.maps",
    ),
    Defect("bias-of-0", "c/bank.c", "((double *)x)[index] = 1;", "((double *)x)[index] = 0;", "training.exact"),
    Defect(
        "mapping-of-other-channels",
        "c/bank.c",
        "mapping->inputs == channels.count &&\n"
        "            memcmp(mapping->channels, channels.bytes, channels.count) == 0) {",
        "mapping->inputs == channels.count) {",
        "training.many_models",
    ),
    Defect(
        "cost-of-the-last-model",
        "c/bank.c",
        "    cost->train += train;",
        "    cost->train = train;",
        "training.many_models",
    ),
    Defect(
        "predictions-begin-anew",
        "c/stream.c",
        "{.first_row = request->first_row + (uint32_t)row,",
        "{.first_row = request->first_row,",
        "training.many_models",
    ),
    Defect(
        "two-classes-stored",
        "c/dataset.c",
        "data->classes[data->count++] = class_index;",
        "data->classes[data->count++] = class_index > 0;",
        "training.classes",
    ),
    Defect(
        "every-epoch-alike",
        "c/dataset.c",
        "learner->seed_parameter, 0, UINT16_MAX), epoch);",
        "learner->seed_parameter, 0, UINT16_MAX), (uint16_t)(epoch & 0u));",
        "training.epochs_within_tolerance",
    ),
    # protection
    Defect(
        "watchdog-always-said",
        "c/requests_protect.c",
        ".watchdog = service->port->watching ? 1u : 0u};",
        ".watchdog = 1u};",
        "protection.report",
    ),
    Defect(
        "copies-not-counted",
        "c/requests_protect.c",
        ".arena_bytes = bank->arena_used - used,",
        ".arena_bytes = used - used,",
        "protection.says_what_it_takes",
    ),
    Defect(
        "any-bound-taken",
        "c/protect.c",
        " || (request->range == 1u && !(request->bound > 0))) {",
        ") {",
        "protection.refuses_the_impossible",
    ),
    Defect(
        "copies-kept-in-part",
        "c/guard.c",
        "memcpy(guard->copies[i], guard->memory, guard->bytes);",
        "memcpy(guard->copies[i], guard->memory, guard->bytes - 24u);",
        "protection.learns_the_same",
    ),
    Defect(
        "rolls-back-in-words-alone",
        "c/protect.c",
        "    memcpy(model->guard->memory, model->guard->copies[0], model->guard->bytes);\n",
        "",
        "protection.acts_on_the_range",
    ),
    Defect(
        "stopped-trains-epochs",
        "c/requests_bank.c",
        "if (hil_is_stopped(model)) {",
        "if (hil_is_stopped(model) && request.epoch == 0u) {",
        "protection.stopped_refuses_epochs",
    ),
    Defect(
        "resumes-at-row-0",
        "c/checkpoint.c",
        "hil_stream_reset(checkpoints->stream, head.next_row);",
        "hil_stream_reset(checkpoints->stream, 0);",
        "protection.resumes",
    ),
    # resets
    Defect(
        "reset-keeps-the-bank",
        "c/requests_bank.c",
        "    hil_bank_reset(&service->bank);\n",
        "",
        "reset.empties_the_bank",
    ),
    Defect(
        "constant-nonce", "c/link.c", "return x == 0 ? 1u : x;", "return 1u | (x & 0u);", "reset.restart_says_hello"
    ),
    # hostile
    Defect(
        "count-sizes-memory",
        "c/requests_bank.c",
        "bool different = count >= HIL_BINARY && count <= HIL_MAX_CLASSES;",
        "bool different = count >= HIL_BINARY;",
        "hostile.too_many",
    ),
)

HANGS = Defect(
    "hangs-at-a-checksum", "c/requests_memory.c", _CHECKSUM, f"{_HANG}\n        {_CHECKSUM}", "refusals.checksum"
)
DIES = Defect(
    "dies-at-a-checksum",
    "c/requests_memory.c",
    _CHECKSUM,
    f"__builtin_trap();\n        {_CHECKSUM}",
    "refusals.checksum",
)
FLOODS = Defect(
    "floods",
    "firmware/ports/host/port.c",
    "    for (fill(self); self->queue.count == 0u; fill(self)) {\n        wait_for(self, POLLIN);\n",
    "    for (fill(self); self->queue.count == 0u; fill(self)) {\n"
    '        (void)!write(self->options.descriptor, "\\1\\2\\3", 4);\n',
    "framing.sends_only_frames_and_text",
)
