/* GENERATED from wire.toml by tools/gen_wire.py: do not edit. */
#ifndef HIL_WIRE_H
#define HIL_WIRE_H

#include "octets.h"

#define HIL_VERSION 1u
#define HIL_FINGERPRINT 0x0C131682189E70C9u
#define HIL_MAX_FRAME_BYTES 1024u /* largest frame on the wire, both delimiters included */
#define HIL_MAX_MODELS 32u /* models in a bank */
#define HIL_MAX_CHANNELS 160u /* values per sample */
#define HIL_MAX_CLASSES 16u /* class labels of a stream or data set */
#define HIL_MAX_FEATURES 1024u /* features that a map makes of a sample */
#define HIL_MAX_ROWS 65535u /* rows of a data set in the payload's memory */
#define HIL_MAX_NAME_BYTES 24u /* longest name of a learner, feature map, array or hyperparameter */
#define HIL_APID 677u /* application process that runs the training payload */
#define HIL_SOURCE_ID 1u /* the bench, source of telecommands and destination of telemetry */

/* Frames of the link. */
typedef enum {
    HIL_FRAME_HELLO_REQUEST = 0x01, /* Asks who is there. Body: bench nonce u32, entropy u32. A new nonce starts a session; the running one resumes it. */
    HIL_FRAME_HELLO = 0x02, /* Who is there; sent at start (tag 0) and for each HelloRequest. Body: the Hello struct. */
    HIL_FRAME_DATA = 0x10, /* One space packet; takes one sequence number. */
    HIL_FRAME_STATUS = 0x11, /* Sequence, acknowledgement and credit alone; answers a poll by repeating its number. */
    HIL_FRAME_REJECT = 0x12, /* A gap was seen: send again from `ack`. */
} hil_frame_type;

/* What one count of the payload's meter is. */
typedef enum {
    HIL_CLOCK_KIND_INSTRUCTIONS = 1, /* an emulator that counts instructions: no pipeline, no cache */
    HIL_CLOCK_KIND_CYCLES = 2, /* a core's own cycle counter */
    HIL_CLOCK_KIND_HOST = 3, /* nanoseconds of the machine that runs a native process */
} hil_clock_kind_value;

/* Why the payload refused (ST[01] failure reports). */
typedef enum {
    HIL_FAILURE_CODE_UNKNOWN_SERVICE = 1, /* no such service or message subtype */
    HIL_FAILURE_CODE_MALFORMED = 2, /* the packet's fields do not fit its length, or a length or count is out of range */
    HIL_FAILURE_CODE_UNKNOWN_LEARNER = 3, /* no learner of that name and arithmetic in this firmware */
    HIL_FAILURE_CODE_UNKNOWN_FEATURES = 4, /* no feature map of that name and arithmetic in this firmware */
    HIL_FAILURE_CODE_UNKNOWN_PARAMETER = 5, /* the learner has no hyperparameter of that name */
    HIL_FAILURE_CODE_PARAMETER_RANGE = 6, /* hyperparameter outside the range that LIST states */
    HIL_FAILURE_CODE_CHANNELS = 7, /* channel list does not fit the feature map or the configured stream */
    HIL_FAILURE_CODE_ARENA_FULL = 8, /* the model does not fit into what is left of the arena */
    HIL_FAILURE_CODE_BANK_FULL = 9, /* the bank holds its largest number of models */
    HIL_FAILURE_CODE_NOT_CONFIGURED = 10, /* no stream has been configured */
    HIL_FAILURE_CODE_ROW_GAP = 11, /* rows are missing: first_row is beyond the next expected row */
    HIL_FAILURE_CODE_ROW_REPEAT = 12, /* rows come again: first_row is before the next expected row */
    HIL_FAILURE_CODE_UNKNOWN_MODEL = 13, /* no model with that handle */
    HIL_FAILURE_CODE_MEMORY_RANGE = 14, /* address and length reach outside the model's state */
    HIL_FAILURE_CODE_CHECKSUM = 15, /* the checksum of the data to load is wrong */
    HIL_FAILURE_CODE_CLASSES = 16, /* class labels do not fit: two different ones are needed */
    HIL_FAILURE_CODE_NOT_FINITE = 17, /* a value is NaN or infinite */
    HIL_FAILURE_CODE_MODE = 19, /* the learner, or the request, belongs to another mode than the configured one */
    HIL_FAILURE_CODE_DATA_FULL = 20, /* the data set does not fit into the data region */
    HIL_FAILURE_CODE_NO_DATA = 21, /* no data set has been opened, or it holds no rows, or it holds them all already */
    HIL_FAILURE_CODE_BIAS = 22, /* this learner takes no constant feature: it flew without, or has a bias of its own */
    HIL_FAILURE_CODE_ANSWER_SIZE = 23, /* the scores of one row do not fit into a packet */
    HIL_FAILURE_CODE_PROTECTION = 24, /* no such protection here, or the model is protected already; the number is what was asked for */
    HIL_FAILURE_CODE_STORAGE = 25, /* no storage for checkpoints, or they do not fit into it; the number is its bytes for one checkpoint */
    HIL_FAILURE_CODE_TRAINING_STOPPED = 26, /* the model's protection has stopped its training; the number is its handle */
    HIL_FAILURE_CODE_STREAM_ACTIVE = 18, /* models cannot be created once samples have been streamed: reset the bank first */
} hil_failure_code_value;

/* What became of one sample. */
typedef enum {
    HIL_ROW_STATUS_TRAINED = 0, /* predicted, then trained on */
    HIL_ROW_STATUS_NOT_FINITE = 1, /* a value was NaN or infinite: no model has seen it */
    HIL_ROW_STATUS_UNKNOWN_LABEL = 2, /* the label is none of the configured classes: no model has seen it */
    HIL_ROW_STATUS_STORED = 3, /* mapped and kept in the data region */
} hil_row_status_value;

/* What becomes of the samples. */
typedef enum {
    HIL_MODE_STREAM = 1, /* each sample trains every model as it arrives */
    HIL_MODE_BATCH = 2, /* samples fill a data set in memory; models train on it epoch by epoch */
    HIL_MODE_SCORE = 3, /* models are loaded and asked, never trained */
} hil_mode_value;

/* What the meter tells apart. Train, predict and feature stamps enclose that call alone. */
typedef enum {
    HIL_OPERATION_TRAIN = 1, /* the learner's train call: one sample, or one mini-batch */
    HIL_OPERATION_PREDICT = 2, /* the learner's score calls */
    HIL_OPERATION_FEATURE = 3, /* the feature map */
    HIL_OPERATION_DISPATCH = 4, /* the rest of the work on a row */
    HIL_OPERATION_LINK = 5, /* taking one packet off the link: framing, checksums, sequence */
    HIL_OPERATION_PROTECT = 6, /* a protected model's checks and copies, per row or epoch; told of protected models alone */
} hil_operation_value;

/* Element type of a state array; reals have the width of the model's arithmetic, in the payload's byte order. */
typedef enum {
    HIL_ARRAY_TYPE_F64 = 1, /* IEEE double */
    HIL_ARRAY_TYPE_F32 = 2, /* IEEE single */
    HIL_ARRAY_TYPE_U32 = 3, /* unsigned 32-bit integer */
} hil_array_type_value;

/* How many elements a state array has. */
typedef enum {
    HIL_ARRAY_SHAPE_SCALAR = 1, /* one */
    HIL_ARRAY_SHAPE_VECTOR = 2, /* one per feature */
    HIL_ARRAY_SHAPE_OUTPUTS = 3, /* one per output */
    HIL_ARRAY_SHAPE_MATRIX = 4, /* per output one for each feature, output after output */
    HIL_ARRAY_SHAPE_AFFINE = 5, /* a matrix, then one per output */
} hil_array_shape_value;

/* What a catalogue entry describes. */
typedef enum {
    HIL_CATALOGUE_KIND_LEARNER = 1, /* a learner in one arithmetic */
    HIL_CATALOGUE_KIND_FEATURES = 2, /* a feature map in one arithmetic */
} hil_catalogue_kind_value;

/* What a protected model does about a fault that its copies and checksum cannot mend. */
typedef enum {
    HIL_FAULT_ACTION_COUNT = 1, /* reports and counts it, and trains on with what there is */
    HIL_FAULT_ACTION_ROLL_BACK = 2, /* goes back to its last good copy, else to the last checkpoint; where there is neither, it stops */
    HIL_FAULT_ACTION_STOP = 3, /* trains no more until it is loaded or the bank is reset; it still predicts */
} hil_fault_action_value;

/* ST[05] events. */
typedef enum {
    HIL_EVENT_ID_SAMPLE_REFUSED = 1, /* a sample was not finite or had an unknown label; the number is its row */
    HIL_EVENT_ID_NOT_FINITE_STATE = 2, /* a model's score became NaN or infinite; the number is its handle */
    HIL_EVENT_ID_RECEIVE_OVERRUN = 3, /* received bytes were lost in the payload; the number is how many since the last ResetBank */
    HIL_EVENT_ID_STATE_CORRECTED = 4, /* a protected model's memory had changed by itself and was mended; the number is its handle */
    HIL_EVENT_ID_STATE_CORRUPT = 5, /* a protected model's memory had changed by itself and could not be mended; the number is its handle */
    HIL_EVENT_ID_STATE_OUT_OF_RANGE = 6, /* a training step left a value that is NaN, infinite or beyond the bound; the number is the model's handle */
    HIL_EVENT_ID_ROLLED_BACK = 7, /* a model went back to its last good copy or checkpoint; the number is its handle * 2^24 + the rows it forgot, at most 2^24 - 1 */
    HIL_EVENT_ID_TRAINING_STOPPED = 8, /* a model trains no more; the number is its handle */
    HIL_EVENT_ID_CHECKPOINT_FAILED = 9, /* a checkpoint could not be written, the one before it stays; the number is the next row */
    HIL_EVENT_ID_CHECKPOINT_TORN = 10, /* at start, a slot held a checkpoint that was not whole, and was passed over; the number is the slot */
    HIL_EVENT_ID_CHECKPOINT_UNUSABLE = 11, /* at start, the newest whole checkpoint did not fit this firmware; the number is its sequence */
    HIL_EVENT_ID_RESUMED = 12, /* this start went on from a checkpoint; the number is the next row */
    HIL_EVENT_ID_WATCHDOG_RESET = 13, /* this start was forced by the watchdog; the number is 0 */
} hil_event_id_value;

/* Body of a Hello frame. Its first 64 bytes never change. */
typedef struct {
    uint32_t magic; /* 0x48494C31, 'HIL1' */
    uint16_t version; /* of this contract */
    uint64_t fingerprint; /* hash of what the bytes mean */
    uint8_t build_id[16]; /* of the firmware */
    uint32_t nonce; /* of this start of the payload; 0 = no session yet */
    uint8_t clock_kind; /* enum ClockKind */
    uint32_t clock_rate_hz; /* [Hz], counts per second, 0 = the clock has no rate */
    uint32_t arena_bytes; /* [byte], memory for models */
    uint32_t receive_bytes; /* [byte], capacity of the receive queue */
    uint16_t frame_bytes; /* [byte], largest frame */
    char name[15]; /* target that the firmware was built for */
} hil_hello;
void hil_write_hello(hil_writer *to, const hil_hello *from);
void hil_read_hello(hil_reader *from, hil_hello *to);

/* A value for one hyperparameter. */
typedef struct {
    hil_text name;
    double value;
} hil_hyperparameter;
void hil_write_hyperparameter(hil_writer *to, const hil_hyperparameter *from);
void hil_read_hyperparameter(hil_reader *from, hil_hyperparameter *to);

/* One hyperparameter that a learner takes. */
typedef struct {
    hil_text name;
    double initial; /* value when none is given */
    double minimum;
    double maximum;
    uint8_t whole; /* 1 = whole numbers only */
} hil_parameter_info;
void hil_write_parameter_info(hil_writer *to, const hil_parameter_info *from);
void hil_read_parameter_info(hil_reader *from, hil_parameter_info *to);

/* One array of a learner's state. */
typedef struct {
    hil_text name;
    uint8_t type; /* enum ArrayType */
    uint8_t shape; /* enum ArrayShape */
} hil_array_info;
void hil_write_array_info(hil_writer *to, const hil_array_info *from);
void hil_read_array_info(hil_reader *from, hil_array_info *to);

/* Where an array lies in a model's state. */
typedef struct {
    hil_text name;
    uint8_t type; /* enum ArrayType */
    uint32_t offset; /* [byte], from the start of the state */
    uint32_t count; /* [element] */
} hil_array_place;
void hil_write_array_place(hil_writer *to, const hil_array_place *from);
void hil_read_array_place(hil_reader *from, hil_array_place *to);

/* Sums of one operation, in counts of the payload's clock. */
typedef struct {
    uint8_t operation; /* enum Operation */
    uint32_t count; /* measurements */
    uint32_t minimum; /* [count] */
    uint32_t maximum; /* [count] */
    uint64_t sum; /* [count] */
} hil_operation_sum;
void hil_write_operation_sum(hil_writer *to, const hil_operation_sum *from);
void hil_read_operation_sum(hil_reader *from, hil_operation_sum *to);

/* ST[17] test. */
#define HIL_ARE_YOU_ALIVE_SERVICE 17u
#define HIL_ARE_YOU_ALIVE_SUBTYPE 1u

/* ST[03] one-shot report of one housekeeping structure. */
#define HIL_REQUEST_HOUSEKEEPING_SERVICE 3u
#define HIL_REQUEST_HOUSEKEEPING_SUBTYPE 27u
typedef struct {
    uint8_t count; /* structures asked for; 1 */
    uint8_t structure; /* structure id; 1 */
} hil_request_housekeeping;
void hil_write_request_housekeeping(hil_writer *to, const hil_request_housekeeping *from);
void hil_read_request_housekeeping(hil_reader *from, hil_request_housekeeping *to);

/* ST[06] writes into a model's state. The memory id is a model handle: no raw addresses. */
#define HIL_LOAD_MEMORY_SERVICE 6u
#define HIL_LOAD_MEMORY_SUBTYPE 2u
typedef struct {
    uint8_t memory; /* model handle */
    uint8_t count; /* areas; 1 */
    uint32_t address; /* [byte], offset inside the state */
    hil_octets data;
    uint16_t checksum; /* CRC-16 of data */
} hil_load_memory;
void hil_write_load_memory(hil_writer *to, const hil_load_memory *from);
void hil_read_load_memory(hil_reader *from, hil_load_memory *to);

/* ST[06] reads from a model's state; answered by MemoryDump packets. */
#define HIL_DUMP_MEMORY_SERVICE 6u
#define HIL_DUMP_MEMORY_SUBTYPE 5u
typedef struct {
    uint8_t memory; /* model handle */
    uint8_t count; /* areas; 1 */
    uint32_t address; /* [byte], offset inside the state */
    uint32_t length; /* [byte] */
} hil_dump_memory;
void hil_write_dump_memory(hil_writer *to, const hil_dump_memory *from);
void hil_read_dump_memory(hil_reader *from, hil_dump_memory *to);

/* Asks for the catalogue: every learner and feature map in this firmware. */
#define HIL_LIST_SERVICE 128u
#define HIL_LIST_SUBTYPE 1u

/* Says what samples look like. Comes before models are created; repeated later it may only move next_row. */
#define HIL_CONFIGURE_STREAM_SERVICE 128u
#define HIL_CONFIGURE_STREAM_SUBTYPE 3u
typedef struct {
    uint8_t channels; /* values per sample */
    uint32_t next_row; /* [row], absolute row of the next sample */
    hil_octets classes; /* class labels, at least two; binary learners take the first as -1, the second as +1 */
    uint8_t mode; /* enum Mode */
} hil_configure_stream;
void hil_write_configure_stream(hil_writer *to, const hil_configure_stream *from);
void hil_read_configure_stream(hil_reader *from, hil_configure_stream *to);

/* Adds a model = learner x feature map x arithmetic x hyperparameters to the bank. */
#define HIL_CREATE_MODEL_SERVICE 128u
#define HIL_CREATE_MODEL_SUBTYPE 5u
typedef struct {
    hil_text learner;
    hil_text features;
    hil_text arithmetic;
    hil_octets channels; /* sample values that the feature map reads, in its order */
    uint8_t bias; /* 1 = a constant feature 1 stands behind those of the map */
    struct { const hil_hyperparameter *items; hil_reader reader; uint8_t count; } hyperparameters; /* those not named keep their initial value */
} hil_create_model;
void hil_write_create_model(hil_writer *to, const hil_create_model *from);
void hil_read_create_model(hil_reader *from, hil_create_model *to);

/* Rows to train on, or in batch mode to keep. Asks for no acceptance report; a refusal is still reported. */
#define HIL_SAMPLES_SERVICE 128u
#define HIL_SAMPLES_SUBTYPE 7u
typedef struct {
    uint32_t first_row; /* [row], absolute row of the first record */
    hil_octets records; /* per row: time_ms u32, label i16, values f32 * channels */
} hil_samples;
void hil_write_samples(hil_writer *to, const hil_samples *from);
void hil_read_samples(hil_reader *from, hil_samples *to);

/* Rows to score without training; answered by Predictions packets. */
#define HIL_PREDICT_SERVICE 128u
#define HIL_PREDICT_SUBTYPE 9u
typedef struct {
    uint32_t first_row; /* [row], number of the first record, repeated in the answer */
    hil_octets records; /* per row: values f32 * channels */
} hil_predict;
void hil_write_predict(hil_writer *to, const hil_predict *from);
void hil_read_predict(hil_reader *from, hil_predict *to);

/* Asks for one Statistics packet per model and one for the bank. */
#define HIL_REQUEST_STATISTICS_SERVICE 128u
#define HIL_REQUEST_STATISTICS_SUBTYPE 11u

/* Deletes models, data set and stream configuration; all figures of Statistics and Housekeeping begin anew. */
#define HIL_RESET_BANK_SERVICE 128u
#define HIL_RESET_BANK_SUBTYPE 13u

/* Batch mode: makes room for a data set in the data region, mapped as the models need it; empties it if it is open. */
#define HIL_OPEN_DATA_SET_SERVICE 128u
#define HIL_OPEN_DATA_SET_SUBTYPE 17u
typedef struct {
    uint32_t rows; /* [row], how many it may hold */
} hil_open_data_set;
void hil_write_open_data_set(hil_writer *to, const hil_open_data_set *from);
void hil_read_open_data_set(hil_reader *from, hil_open_data_set *to);

/* Batch mode: trains one model once on all rows of the data set; answered by EpochTrained. */
#define HIL_TRAIN_EPOCH_SERVICE 128u
#define HIL_TRAIN_EPOCH_SUBTYPE 19u
typedef struct {
    uint8_t model; /* handle */
    uint16_t epoch; /* its number; decides the order of rows where a seed is set */
} hil_train_epoch;
void hil_write_train_epoch(hil_writer *to, const hil_train_epoch *from);
void hil_read_train_epoch(hil_reader *from, hil_train_epoch *to);

/* Starts the payload anew, as after power-on. The answer is a Hello with a new nonce. */
#define HIL_RESTART_SERVICE 128u
#define HIL_RESTART_SUBTYPE 15u

/* Protects a model's memory, for which it takes more of the arena; before the first sample. Answered by ModelProtected. */
#define HIL_PROTECT_MODEL_SERVICE 128u
#define HIL_PROTECT_MODEL_SUBTYPE 21u
typedef struct {
    uint8_t model; /* handle */
    uint8_t copies; /* of its memory: 1 = no copy, 2 = detect, 3 = vote and correct */
    uint8_t checksum; /* 1 = a CRC-32 of its memory */
    uint8_t range; /* 1 = after each training step every real must be finite and within the bound */
    double bound; /* greatest magnitude of a real where range is 1; infinite = any finite one */
    uint8_t action; /* enum FaultAction */
} hil_protect_model;
void hil_write_protect_model(hil_writer *to, const hil_protect_model *from);
void hil_read_protect_model(hil_reader *from, hil_protect_model *to);

/* Keeps the whole bank in the payload's storage, from which it resumes when it starts anew, and writes the first checkpoint; has a watchdog start it anew when it hangs. */
#define HIL_PROTECT_BANK_SERVICE 128u
#define HIL_PROTECT_BANK_SUBTYPE 23u
typedef struct {
    uint32_t rows; /* [row], a checkpoint after so many rows: the most that a restart loses; 0 = keeps none, forgets the last */
    uint8_t watchdog; /* 1 = a watchdog waits for progress */
} hil_protect_bank;
void hil_write_protect_bank(hil_writer *to, const hil_protect_bank *from);
void hil_read_protect_bank(hil_reader *from, hil_protect_bank *to);

/* Asks for a ProtectionReport. */
#define HIL_REQUEST_PROTECTION_SERVICE 128u
#define HIL_REQUEST_PROTECTION_SUBTYPE 25u

/* ST[01] a telecommand was accepted. */
#define HIL_ACCEPTED_SERVICE 1u
#define HIL_ACCEPTED_SUBTYPE 1u
typedef struct {
    uint16_t packet_id; /* of the telecommand */
    uint16_t sequence; /* its packet sequence control */
} hil_accepted;
void hil_write_accepted(hil_writer *to, const hil_accepted *from);
void hil_read_accepted(hil_reader *from, hil_accepted *to);

/* ST[01] a telecommand was refused before it was begun. */
#define HIL_NOT_ACCEPTED_SERVICE 1u
#define HIL_NOT_ACCEPTED_SUBTYPE 2u
typedef struct {
    uint16_t packet_id; /* of the telecommand */
    uint16_t sequence; /* its packet sequence control */
    uint16_t code; /* enum FailureCode */
    uint32_t number; /* the value refused, or what was available */
} hil_not_accepted;
void hil_write_not_accepted(hil_writer *to, const hil_not_accepted *from);
void hil_read_not_accepted(hil_reader *from, hil_not_accepted *to);

/* ST[01] a telecommand was carried out; everything it asked for has been sent. */
#define HIL_COMPLETED_SERVICE 1u
#define HIL_COMPLETED_SUBTYPE 7u
typedef struct {
    uint16_t packet_id; /* of the telecommand */
    uint16_t sequence; /* its packet sequence control */
} hil_completed;
void hil_write_completed(hil_writer *to, const hil_completed *from);
void hil_read_completed(hil_reader *from, hil_completed *to);

/* ST[01] a telecommand failed while it was carried out. */
#define HIL_NOT_COMPLETED_SERVICE 1u
#define HIL_NOT_COMPLETED_SUBTYPE 8u
typedef struct {
    uint16_t packet_id; /* of the telecommand */
    uint16_t sequence; /* its packet sequence control */
    uint16_t code; /* enum FailureCode */
    uint32_t number; /* the value refused, or what was available */
} hil_not_completed;
void hil_write_not_completed(hil_writer *to, const hil_not_completed *from);
void hil_read_not_completed(hil_reader *from, hil_not_completed *to);

/* ST[03] housekeeping structure 1; peaks and counts since the last ResetBank. 0xFFFFFFFF = not measured on this port. */
#define HIL_HOUSEKEEPING_SERVICE 3u
#define HIL_HOUSEKEEPING_SUBTYPE 25u
typedef struct {
    uint8_t structure; /* 1 */
    uint32_t stack_bytes; /* [byte], size of the main stack */
    uint32_t stack_peak_bytes; /* [byte], deepest use of the main stack */
    uint32_t handler_stack_bytes; /* [byte], size of the interrupt handlers' stack */
    uint32_t handler_stack_peak_bytes; /* [byte], deepest use of the interrupt handlers' stack */
    uint32_t arena_bytes; /* [byte] */
    uint32_t arena_used_bytes; /* [byte] */
    uint32_t data_bytes; /* [byte], size of the data region */
    uint32_t data_used_bytes; /* [byte], taken by the open data set */
    uint8_t models; /* models in the bank */
    uint32_t next_row; /* [row], absolute row of the next sample */
    uint32_t frames_received; /* intact frames */
    uint32_t frames_corrupt; /* frames with a wrong length, COBS code or CRC-32 */
    uint32_t frames_out_of_order; /* intact data frames dropped for their sequence number */
    uint32_t frames_resent; /* data frames sent again */
    uint32_t receive_overruns; /* [byte], received bytes lost in the payload */
    uint32_t meter_overhead; /* [count], cost of an empty measurement, already subtracted everywhere */
    uint32_t interrupts_in_steps; /* interrupts served inside measured train, predict and feature calls */
} hil_housekeeping;
void hil_write_housekeeping(hil_writer *to, const hil_housekeeping *from);
void hil_read_housekeeping(hil_reader *from, hil_housekeeping *to);

/* ST[05] something expected happened. */
#define HIL_INFORMATIVE_EVENT_SERVICE 5u
#define HIL_INFORMATIVE_EVENT_SUBTYPE 1u
typedef struct {
    uint16_t event; /* enum EventId */
    uint32_t number; /* what the event's doc says */
} hil_informative_event;
void hil_write_informative_event(hil_writer *to, const hil_informative_event *from);
void hil_read_informative_event(hil_reader *from, hil_informative_event *to);

/* ST[05] something unexpected happened and was dealt with. */
#define HIL_LOW_SEVERITY_EVENT_SERVICE 5u
#define HIL_LOW_SEVERITY_EVENT_SUBTYPE 2u
typedef struct {
    uint16_t event; /* enum EventId */
    uint32_t number; /* what the event's doc says */
} hil_low_severity_event;
void hil_write_low_severity_event(hil_writer *to, const hil_low_severity_event *from);
void hil_read_low_severity_event(hil_reader *from, hil_low_severity_event *to);

/* ST[05] something happened that spoils a result. */
#define HIL_MEDIUM_SEVERITY_EVENT_SERVICE 5u
#define HIL_MEDIUM_SEVERITY_EVENT_SUBTYPE 3u
typedef struct {
    uint16_t event; /* enum EventId */
    uint32_t number; /* what the event's doc says */
} hil_medium_severity_event;
void hil_write_medium_severity_event(hil_writer *to, const hil_medium_severity_event *from);
void hil_read_medium_severity_event(hil_reader *from, hil_medium_severity_event *to);

/* ST[06] a piece of a model's state. */
#define HIL_MEMORY_DUMP_SERVICE 6u
#define HIL_MEMORY_DUMP_SUBTYPE 6u
typedef struct {
    uint8_t memory; /* model handle */
    uint8_t count; /* areas; 1 */
    uint32_t address; /* [byte], offset inside the state */
    hil_octets data;
    uint16_t checksum; /* CRC-16 of data */
} hil_memory_dump;
void hil_write_memory_dump(hil_writer *to, const hil_memory_dump *from);
void hil_read_memory_dump(hil_reader *from, hil_memory_dump *to);

/* ST[17] answer to AreYouAlive. */
#define HIL_ALIVE_SERVICE 17u
#define HIL_ALIVE_SUBTYPE 2u

/* A learner or feature map describes itself. */
#define HIL_CATALOGUE_ENTRY_SERVICE 128u
#define HIL_CATALOGUE_ENTRY_SUBTYPE 2u
typedef struct {
    uint8_t entry; /* enum CatalogueKind */
    hil_text name;
    hil_text arithmetic;
    uint8_t inputs; /* feature map: channels read, 0 = any number; learner: 0 */
    int16_t tie; /* learner: label that a score of 0 stands for, -1 or +1; feature map: 0 */
    uint8_t mode; /* learner: enum Mode in which it trains; feature map: 0 */
    struct { const hil_parameter_info *items; hil_reader reader; uint8_t count; } parameters; /* items to write; NULL after reading, reader stands before the first */
    struct { const hil_array_info *items; hil_reader reader; uint8_t count; } arrays; /* items to write; NULL after reading, reader stands before the first */
} hil_catalogue_entry;
void hil_write_catalogue_entry(hil_writer *to, const hil_catalogue_entry *from);
void hil_read_catalogue_entry(hil_reader *from, hil_catalogue_entry *to);

/* A model was added to the bank. */
#define HIL_MODEL_CREATED_SERVICE 128u
#define HIL_MODEL_CREATED_SUBTYPE 6u
typedef struct {
    uint8_t model; /* its handle */
    uint16_t dimension; /* features, the constant one included */
    uint8_t outputs; /* scores per row: 1 for two classes, else one per class */
    uint32_t state_bytes; /* [byte], size of its state */
    uint32_t arena_bytes; /* [byte], arena it took, its share of a new feature map included */
    uint32_t arena_used_bytes; /* [byte], by the whole bank */
    uint8_t prediction_bits; /* [bit], width of a prediction in SampleReport and Predictions */
    struct { const hil_array_place *items; hil_reader reader; uint8_t count; } arrays; /* items to write; NULL after reading, reader stands before the first */
} hil_model_created;
void hil_write_model_created(hil_writer *to, const hil_model_created *from);
void hil_read_model_created(hil_reader *from, hil_model_created *to);

/* What became of a batch of rows. */
#define HIL_SAMPLE_REPORT_SERVICE 128u
#define HIL_SAMPLE_REPORT_SUBTYPE 8u
typedef struct {
    uint32_t first_row; /* [row], absolute row of the first record */
    uint16_t count; /* records */
    uint32_t link; /* [count], cost of taking the newest Samples packet off the link */
    uint8_t models; /* models in the bank */
    hil_octets records; /* per row: status u8 (enum RowStatus) and, with models: train, predict, feature, dispatch u32 in counts, then per model its prediction (class index) and 1 bit 'updated', packed from the most significant bit, padded to a byte */
} hil_sample_report;
void hil_write_sample_report(hil_writer *to, const hil_sample_report *from);
void hil_read_sample_report(hil_reader *from, hil_sample_report *to);

/* Scores of a batch of rows. */
#define HIL_PREDICTIONS_SERVICE 128u
#define HIL_PREDICTIONS_SUBTYPE 10u
typedef struct {
    uint32_t first_row; /* [row], as in Predict */
    uint16_t count; /* records */
    uint8_t models; /* models in the bank */
    hil_octets records; /* per row: per model its scores f64 (as many as it has outputs), then per model its prediction (class index), packed from the most significant bit, padded to a byte */
} hil_predictions;
void hil_write_predictions(hil_writer *to, const hil_predictions *from);
void hil_read_predictions(hil_reader *from, hil_predictions *to);

/* What one epoch did to one model. */
#define HIL_EPOCH_TRAINED_SERVICE 128u
#define HIL_EPOCH_TRAINED_SUBTYPE 20u
typedef struct {
    uint8_t model; /* handle */
    uint16_t epoch; /* as in TrainEpoch */
    double loss; /* mean of the mini-batches' mean losses */
    uint32_t steps; /* mini-batches */
    uint32_t rows; /* [row] */
    uint64_t train; /* [count], cost of all steps */
} hil_epoch_trained;
void hil_write_epoch_trained(hil_writer *to, const hil_epoch_trained *from);
void hil_read_epoch_trained(hil_reader *from, hil_epoch_trained *to);

/* Sums kept on the payload since the bank was last reset. */
#define HIL_STATISTICS_SERVICE 128u
#define HIL_STATISTICS_SUBTYPE 12u
typedef struct {
    uint8_t model; /* handle; 255 = the whole bank */
    uint32_t updates; /* samples that changed the model */
    struct { const hil_operation_sum *items; hil_reader reader; uint8_t count; } sums; /* items to write; NULL after reading, reader stands before the first */
} hil_statistics;
void hil_write_statistics(hil_writer *to, const hil_statistics *from);
void hil_read_statistics(hil_reader *from, hil_statistics *to);

/* A model is protected from now on. */
#define HIL_MODEL_PROTECTED_SERVICE 128u
#define HIL_MODEL_PROTECTED_SUBTYPE 22u
typedef struct {
    uint8_t model; /* handle */
    uint32_t guarded_bytes; /* [byte], of its memory: parameters, state and what it works out from them */
    uint32_t arena_bytes; /* [byte], arena that the protection took */
    uint32_t arena_used_bytes; /* [byte], by the whole bank */
} hil_model_protected;
void hil_write_model_protected(hil_writer *to, const hil_model_protected *from);
void hil_read_model_protected(hil_reader *from, hil_model_protected *to);

/* What protections have seen and done since the last ResetBank, and the newest checkpoint. */
#define HIL_PROTECTION_REPORT_SERVICE 128u
#define HIL_PROTECTION_REPORT_SUBTYPE 26u
typedef struct {
    uint32_t checks; /* of a model's memory */
    uint32_t scrubs; /* of those, while nothing else was to be done */
    uint32_t corrected; /* memories mended */
    uint32_t corrupt; /* memories that could not be mended */
    uint32_t out_of_range; /* training steps that left a value out of range */
    uint32_t rolled_back; /* times a model went back */
    uint8_t stopped; /* models whose training was stopped */
    uint32_t rows; /* [row], between two checkpoints, 0 = none are kept */
    uint32_t written; /* checkpoints written by this start */
    uint32_t failed; /* checkpoints that could not be written */
    uint32_t sequence; /* of the newest checkpoint, 0 = there is none */
    uint32_t next_row; /* [row], after the newest checkpoint */
    uint8_t resumed; /* 1 = this start went on from a checkpoint */
    uint8_t watchdog; /* 1 = a watchdog waits for progress */
} hil_protection_report;
void hil_write_protection_report(hil_writer *to, const hil_protection_report *from);
void hil_read_protection_report(hil_reader *from, hil_protection_report *to);

#endif
