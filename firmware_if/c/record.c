#include "record.h"

#include <string.h>

#include "protect.h"

#define BUILD_ID_BYTES 16u
#define HEAD_BYTES (BUILD_ID_BYTES + 10u) /* build id, rows u32, next row u32, watchdog u8, models u8 */
#define LENGTHS_BYTES 11u                 /* of a model: create u16, protect u8, memory u32, updates u32 */
#define PROTECT_BYTES 13u                 /* ProtectModel's fields */
#define STATE_STOPPED 1u

/* Where a record goes: counted, and written unless there is no store. */
typedef struct {
    hil_store *store;
    uint32_t bytes;
} sink;

static void put(sink *to, const uint8_t *bytes, size_t count) {
    to->bytes += (uint32_t)count;
    if (to->store != NULL) {
        hil_store_append(to->store, bytes, (uint32_t)count);
    }
}

static void put_writer(sink *to, const hil_writer *writer) {
    put(to, writer->bytes, writer->count);
}

static void put_head(sink *to, const hil_record_source *source) {
    uint8_t bytes[HEAD_BYTES];
    hil_writer writer = hil_writer_over(bytes, sizeof bytes);
    hil_put_octets(&writer, source->build_id, BUILD_ID_BYTES);
    hil_put_u32(&writer, source->rows);
    hil_put_u32(&writer, source->next_row);
    hil_put_u8(&writer, source->watchdog ? 1u : 0u);
    hil_put_u8(&writer, source->bank == NULL ? 0xFFu : source->bank->model_count);
    put_writer(to, &writer);
}

/* ConfigureStream's fields, with room for every class, so that they have one length. */
static void put_stream(sink *to, const hil_bank *bank) {
    uint8_t bytes[3u + 2u * HIL_MAX_CLASSES];
    hil_writer writer = hil_writer_over(bytes, sizeof bytes);
    hil_put_u8(&writer, bank->channels);
    hil_put_u8(&writer, bank->mode);
    hil_put_u8(&writer, bank->class_count);
    for (size_t i = 0; i < HIL_MAX_CLASSES; i++) {
        hil_put_i16(&writer, bank->classes[i]);
    }
    put_writer(to, &writer);
}

/* CreateModel's fields in pieces; its hyperparameters stand in the memory. */
static void put_create(sink *to, const hil_model *model) {
    const hil_mapping *mapping = model->mapping;
    const hil_learner *learner = model->guard != NULL ? model->guard->learner : model->learner;
    const char *names[] = {learner->name, mapping->feature->name, learner->arithmetic};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const hil_text text = hil_text_of(names[i]);
        put(to, &text.count, 1);
        put(to, (const uint8_t *)text.bytes, text.count);
    }
    const uint8_t inputs = (uint8_t)mapping->inputs;
    const uint8_t tail[] = {mapping->bias ? 1u : 0u, 0};
    put(to, &inputs, 1);
    put(to, mapping->channels, mapping->inputs);
    put(to, tail, sizeof tail);
}

static void put_protection(sink *to, const hil_model *model) {
    const hil_guard *guard = model->guard;
    if (guard == NULL) {
        return;
    }
    const hil_protect_model request = {.model = model->handle,
                                       .copies = (uint8_t)(guard->copy_count + 1u),
                                       .checksum = guard->checksum ? 1u : 0u,
                                       .range = guard->range ? 1u : 0u,
                                       .bound = guard->bound,
                                       .action = guard->action};
    const uint8_t state = guard->is_stopped ? STATE_STOPPED : 0u;
    uint8_t bytes[PROTECT_BYTES];
    hil_writer writer = hil_writer_over(bytes, sizeof bytes);
    hil_write_protect_model(&writer, &request);
    put_writer(to, &writer);
    put(to, &state, 1);
}

static void put_model(sink *to, const hil_model *model) {
    sink create = {.store = NULL};
    sink protection = {.store = NULL};
    put_create(&create, model);
    put_protection(&protection, model);
    uint32_t count;
    const uint8_t *memory = hil_model_memory(model, &count);
    uint8_t bytes[LENGTHS_BYTES];
    hil_writer writer = hil_writer_over(bytes, sizeof bytes);
    hil_put_u16(&writer, (uint16_t)create.bytes);
    hil_put_u8(&writer, (uint8_t)protection.bytes);
    hil_put_u32(&writer, count);
    hil_put_u32(&writer, model->updates);
    put_writer(to, &writer);
    put_create(to, model);
    put_protection(to, model);
    put(to, memory, count);
}

static void put_record(sink *to, const hil_record_source *source) {
    put_head(to, source);
    if (source->bank == NULL) {
        return;
    }
    put_stream(to, source->bank);
    for (uint8_t i = 0; i < source->bank->model_count; i++) {
        put_model(to, source->bank->models[i]);
    }
}

uint32_t hil_record_bytes(const hil_record_source *source) {
    sink counted = {.store = NULL};
    put_record(&counted, source);
    return counted.bytes;
}

void hil_record_write(const hil_record_source *source, hil_store *store) {
    sink to = {.store = store};
    put_record(&to, source);
}

/* Where a record is read from. */
typedef struct {
    const hil_store *store;
    uint32_t at;
} origin;

static bool get(origin *from, uint8_t *bytes, uint32_t count) {
    const bool whole = hil_store_read(from->store, from->at, bytes, count);
    from->at += count;
    return whole;
}

typedef struct {
    uint16_t create;
    uint8_t protection;
    uint32_t memory;
    uint32_t updates;
} lengths;

static bool get_lengths(origin *from, lengths *found) {
    uint8_t bytes[LENGTHS_BYTES];
    if (!get(from, bytes, sizeof bytes)) {
        return false;
    }
    hil_reader reader = hil_reader_over(bytes, sizeof bytes);
    found->create = hil_get_u16(&reader);
    found->protection = hil_get_u8(&reader);
    found->memory = hil_get_u32(&reader);
    found->updates = hil_get_u32(&reader);
    return true;
}

static bool get_head(origin *from, const uint8_t *build_id, hil_record_head *head, uint8_t *models) {
    uint8_t bytes[HEAD_BYTES];
    if (!get(from, bytes, sizeof bytes) || memcmp(bytes, build_id, BUILD_ID_BYTES) != 0) {
        return false;
    }
    hil_reader reader = hil_reader_over(bytes, sizeof bytes);
    reader.position = BUILD_ID_BYTES;
    head->rows = hil_get_u32(&reader);
    head->next_row = hil_get_u32(&reader);
    head->watchdog = hil_get_u8(&reader) == 1u;
    *models = hil_get_u8(&reader);
    return true;
}

static bool get_stream(origin *from, hil_bank *bank) {
    uint8_t bytes[3u + 2u * HIL_MAX_CLASSES];
    if (!get(from, bytes, sizeof bytes)) {
        return false;
    }
    hil_reader reader = hil_reader_over(bytes, sizeof bytes);
    bank->channels = hil_get_u8(&reader);
    bank->mode = hil_get_u8(&reader);
    bank->class_count = hil_get_u8(&reader);
    for (size_t i = 0; i < HIL_MAX_CLASSES; i++) {
        bank->classes[i] = hil_get_i16(&reader);
    }
    const bool mode = bank->mode == HIL_MODE_STREAM || bank->mode == HIL_MODE_SCORE;
    return mode && bank->channels > 0 && bank->channels <= HIL_MAX_CHANNELS && bank->class_count >= HIL_BINARY &&
           bank->class_count <= HIL_MAX_CLASSES;
}

static bool get_create(origin *from, hil_bank *bank, uint8_t *buffer, uint32_t count) {
    hil_create_model request;
    if (!get(from, buffer, count)) {
        return false;
    }
    hil_reader reader = hil_reader_over(buffer, count);
    hil_read_create_model(&reader, &request);
    return !reader.failed && reader.position == reader.count && hil_bank_create(bank, &request).code == 0;
}

static bool get_protection(origin *from, hil_bank *bank, uint8_t *buffer, uint32_t count, bool *stopped) {
    hil_protect_model request;
    if (count != PROTECT_BYTES + 1u || !get(from, buffer, count)) {
        return false;
    }
    hil_reader reader = hil_reader_over(buffer, PROTECT_BYTES);
    hil_read_protect_model(&reader, &request);
    *stopped = buffer[PROTECT_BYTES] == STATE_STOPPED;
    return !reader.failed && hil_protect(bank, &request).code == 0;
}

static bool get_memory(origin *from, const hil_model *model, uint32_t count) {
    uint32_t expected;
    uint8_t *memory = hil_model_memory(model, &expected);
    return count == expected && get(from, memory, count);
}

static bool get_model(origin *from, hil_bank *bank, hil_stream *stream) {
    lengths found;
    if (!get_lengths(from, &found) || found.create > sizeof stream->records) {
        return false;
    }
    if (!get_create(from, bank, stream->records, found.create)) {
        return false;
    }
    hil_model *model = bank->models[bank->model_count - 1u];
    bool stopped = false;
    if (found.protection > 0 && !get_protection(from, bank, stream->records, found.protection, &stopped)) {
        return false;
    }
    if (!get_memory(from, model, found.memory)) {
        return false;
    }
    model->updates = found.updates;
    if (model->guard != NULL) {
        hil_protect_restore(bank, model, stopped);
    }
    return true;
}

hil_record_result hil_record_read(const hil_store *store, hil_bank *bank, hil_stream *stream, const uint8_t *build_id,
                                  hil_record_head *head) {
    origin from = {.store = store};
    uint8_t models;
    if (!get_head(&from, build_id, head, &models)) {
        return HIL_RECORD_UNUSABLE;
    }
    if (models == 0xFFu) {
        return HIL_RECORD_EMPTY;
    }
    bool fits = models <= HIL_MAX_MODELS && get_stream(&from, bank);
    for (uint8_t i = 0; i < models && fits; i++) {
        fits = get_model(&from, bank, stream);
    }
    return fits ? HIL_RECORD_BANK : HIL_RECORD_UNUSABLE;
}

bool hil_record_reload(const hil_store *store, hil_model *model) {
    origin from = {.store = store, .at = HEAD_BYTES + 3u + 2u * HIL_MAX_CLASSES};
    const hil_slot *slot = hil_store_newest(store);
    lengths found;
    for (uint8_t i = 0; slot != NULL && from.at < slot->bytes; i++) {
        if (!get_lengths(&from, &found) || found.memory > slot->bytes) {
            return false;
        }
        from.at += (uint32_t)found.create + found.protection;
        if (i == model->handle) {
            model->updates = found.updates;
            return get_memory(&from, model, found.memory);
        }
        from.at += found.memory;
    }
    return false;
}
