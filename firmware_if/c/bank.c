#include "bank.h"

#include <math.h>
#include <string.h>

static const hil_refusal ACCEPTED = {0, 0};

static bool is_single(const char *arithmetic) {
    return hil_text_equals(hil_text_of(arithmetic), "f32");
}

uint32_t hil_real_bytes(const char *arithmetic) {
    return is_single(arithmetic) ? (uint32_t)sizeof(float) : (uint32_t)sizeof(double);
}

uint32_t hil_array_element_bytes(const hil_learner *learner, size_t index) {
    return learner->arrays[index].type == HIL_ARRAY_U32 ? 4u : hil_real_bytes(learner->arithmetic);
}

uint32_t hil_array_elements(const hil_learner *learner, size_t index, const hil_state *state) {
    return (uint32_t)hil_elements(learner->arrays[index].shape, state->dimension, state->outputs);
}

uint8_t hil_array_wire_type(const hil_learner *learner, size_t index) {
    if (learner->arrays[index].type == HIL_ARRAY_U32) {
        return HIL_ARRAY_TYPE_U32;
    }
    return is_single(learner->arithmetic) ? HIL_ARRAY_TYPE_F32 : HIL_ARRAY_TYPE_F64;
}

void hil_bank_open(hil_bank *bank, hil_memory memory) {
    memset(bank, 0, sizeof *bank);
    bank->memory = memory;
}

void hil_bank_reset(hil_bank *bank) {
    const hil_protection kept = bank->protection;
    hil_bank_open(bank, bank->memory);
    bank->protection.reload = kept.reload;
    bank->protection.reload_context = kept.reload_context;
}

uint8_t hil_prediction_bits(const hil_bank *bank) {
    uint8_t bits = 1;
    while (bank->class_count > 1u << bits) {
        bits++;
    }
    return bits;
}

void *hil_bank_allocate(hil_bank *bank, uint32_t count) {
    uint32_t rounded = (count + 7u) & ~7u;
    if (rounded < count || rounded > bank->memory.arena_bytes - bank->arena_used) {
        return NULL;
    }
    void *memory = bank->memory.arena + bank->arena_used;
    bank->arena_used += rounded;
    return memory;
}

static const hil_learner *find_learner(hil_text name, hil_text arithmetic) {
    for (const hil_learner *const *l = hil_learners; *l != NULL; l++) {
        if (hil_text_equals(name, (*l)->name) && hil_text_equals(arithmetic, (*l)->arithmetic)) {
            return *l;
        }
    }
    return NULL;
}

static const hil_feature *find_feature(hil_text name, hil_text arithmetic) {
    for (const hil_feature *const *f = hil_features; *f != NULL; f++) {
        if (hil_text_equals(name, (*f)->name) && hil_text_equals(arithmetic, (*f)->arithmetic)) {
            return *f;
        }
    }
    return NULL;
}

static hil_refusal check_channels(const hil_bank *bank, const hil_feature *feature, hil_octets channels) {
    bool fits = channels.count > 0 && (feature->inputs == 0 || feature->inputs == channels.count);
    for (size_t i = 0; i < channels.count && fits; i++) {
        fits = channels.bytes[i] < bank->channels;
    }
    size_t dimension = fits ? feature->dimension(channels.count) : 0;
    fits = dimension > 0 && dimension <= HIL_MAX_FEATURES;
    return fits ? ACCEPTED : (hil_refusal){HIL_FAILURE_CODE_CHANNELS, (uint32_t)feature->inputs};
}

/* The learner's parameters with the request's values in place of the initial ones. */
static hil_refusal gather_parameters(const hil_learner *learner, const hil_create_model *request, double *values) {
    for (size_t i = 0; i < learner->parameter_count; i++) {
        values[i] = learner->parameters[i].initial;
    }
    hil_reader reader = request->hyperparameters.reader;
    for (uint32_t n = 0; n < request->hyperparameters.count; n++) {
        hil_hyperparameter given;
        hil_read_hyperparameter(&reader, &given);
        size_t i = 0;
        while (i < learner->parameter_count && !hil_text_equals(given.name, learner->parameters[i].name)) {
            i++;
        }
        if (i == learner->parameter_count) {
            return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_PARAMETER, n};
        }
        const hil_parameter *parameter = &learner->parameters[i];
        if (!(given.value >= parameter->minimum && given.value <= parameter->maximum) || /* NaN is outside, too */
            (parameter->kind == HIL_WHOLE && given.value != floor(given.value))) {
            return (hil_refusal){HIL_FAILURE_CODE_PARAMETER_RANGE, n};
        }
        values[i] = given.value;
    }
    return ACCEPTED;
}

static hil_mapping *find_mapping(hil_bank *bank, const hil_feature *feature, hil_octets channels, bool bias) {
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        hil_mapping *mapping = bank->mappings[i];
        if (mapping->feature == feature && mapping->bias == bias && mapping->inputs == channels.count &&
            memcmp(mapping->channels, channels.bytes, channels.count) == 0) {
            return mapping;
        }
    }
    return NULL;
}

static void put_one(void *x, size_t index, const char *arithmetic) {
    if (is_single(arithmetic)) {
        ((float *)x)[index] = 1;
    } else {
        ((double *)x)[index] = 1;
    }
}

static hil_mapping *make_mapping(hil_bank *bank, const hil_feature *feature, hil_octets channels, bool bias) {
    hil_mapping *mapping = hil_bank_allocate(bank, sizeof *mapping);
    if (mapping == NULL) {
        return NULL;
    }
    size_t dimension = feature->dimension(channels.count);
    *mapping = (hil_mapping){.feature = feature,
                             .inputs = channels.count,
                             .dimension = dimension,
                             .bias = bias,
                             .index = bank->mapping_count};
    mapping->channels = hil_bank_allocate(bank, (uint32_t)channels.count);
    mapping->values = hil_bank_allocate(bank, (uint32_t)(channels.count * sizeof(float)));
    mapping->x = hil_bank_allocate(bank, (uint32_t)(dimension + bias) * hil_real_bytes(feature->arithmetic));
    if (mapping->channels == NULL || mapping->values == NULL || mapping->x == NULL) {
        return NULL;
    }
    memcpy(mapping->channels, channels.bytes, channels.count);
    if (bias) {
        put_one(mapping->x, dimension, feature->arithmetic);
    }
    bank->mappings[bank->mapping_count++] = mapping;
    return mapping;
}

/* Parameters as the learner's arithmetic has them. */
static const void *store_parameters(hil_bank *bank, const hil_learner *learner, const double *values) {
    uint32_t element = hil_real_bytes(learner->arithmetic);
    uint32_t bytes = (uint32_t)learner->parameter_count * element;
    uint8_t *memory = hil_bank_allocate(bank, bytes);
    if (memory != NULL) {
        memset(memory, 0, (bytes + 7u) & ~7u); /* padding included: checksums of it repeat */
    }
    for (size_t i = 0; i < learner->parameter_count && memory != NULL; i++) {
        float single = (float)values[i];
        memcpy(memory + i * element, element == sizeof(float) ? (const void *)&single : (const void *)&values[i], element);
    }
    return memory;
}

static uint32_t scratch_bytes(const hil_model *model) {
    const hil_learner *learner = model->learner;
    size_t reals = learner->scratch == NULL ? 0 : learner->scratch(model->state.dimension, model->state.outputs);
    return (uint32_t)reals * hil_real_bytes(learner->arithmetic);
}

void hil_model_clear_scratch(hil_model *model) {
    if (model->state.scratch != NULL) {
        memset(model->state.scratch, 0, (scratch_bytes(model) + 7u) & ~7u);
    }
}

uint8_t *hil_model_memory(const hil_model *model, uint32_t *count) {
    /* One allocation follows the other (place_state); `memory` itself may be written to, the parameters' type says not. */
    uint32_t before = (uint32_t)(model->memory - (const uint8_t *)model->state.parameters);
    *count = before + model->state_bytes + ((scratch_bytes(model) + 7u) & ~7u);
    return model->memory - before;
}

static bool place_scratch(hil_bank *bank, hil_model *model) {
    uint32_t bytes = scratch_bytes(model);
    if (bytes == 0) {
        return true;
    }
    model->state.scratch = hil_bank_allocate(bank, bytes);
    if (model->state.scratch == NULL) {
        return false;
    }
    hil_model_clear_scratch(model);
    return true;
}

/* Places and starts the model's state; false when the arena is full. */
static bool place_state(hil_bank *bank, hil_model *model, const double *parameters) {
    const hil_learner *learner = model->learner;
    model->state.dimension = model->mapping->dimension + model->mapping->bias;
    model->state.outputs = learner->train_batch != NULL && bank->class_count > HIL_BINARY ? bank->class_count : 1u;
    model->state.parameters = store_parameters(bank, learner, parameters);
    if (model->state.parameters == NULL) {
        return false;
    }
    uint32_t start = bank->arena_used;
    model->memory = bank->memory.arena + start;
    for (size_t i = 0; i < learner->array_count; i++) {
        uint32_t elements = hil_array_elements(learner, i, &model->state);
        model->state.arrays[i] = hil_bank_allocate(bank, elements * hil_array_element_bytes(learner, i));
        if (model->state.arrays[i] == NULL) {
            return false;
        }
    }
    model->state_bytes = bank->arena_used - start;
    memset(model->memory, 0, model->state_bytes); /* padding included: a dump of it repeats */
    if (!place_scratch(bank, model)) {
        return false;
    }
    learner->start(&model->state);
    return true;
}

/* A started model, not yet in the bank; NULL when the arena is full. */
static hil_model *make_model(hil_bank *bank, const hil_learner *learner, hil_mapping *mapping, const double *parameters) {
    hil_model *model = hil_bank_allocate(bank, sizeof *model);
    if (model == NULL) {
        return NULL;
    }
    *model = (hil_model){.learner = learner, .mapping = mapping, .handle = bank->model_count};
    return place_state(bank, model, parameters) ? model : NULL;
}

/* Whether the learner fits the configured mode and classes, and a bias, if one is wanted, the learner. */
static hil_refusal check_learner(const hil_bank *bank, const hil_learner *learner, bool bias) {
    bool batch = learner->train_batch != NULL;
    if ((bank->mode == HIL_MODE_STREAM && batch) || (bank->mode == HIL_MODE_BATCH && !batch)) {
        return (hil_refusal){HIL_FAILURE_CODE_MODE, bank->mode};
    }
    if (!batch && bank->class_count != HIL_BINARY) {
        return (hil_refusal){HIL_FAILURE_CODE_CLASSES, bank->class_count};
    }
    if (bias && (batch || hil_text_equals(hil_text_of(learner->arithmetic), "flight"))) {
        return (hil_refusal){HIL_FAILURE_CODE_BIAS, 0};
    }
    return ACCEPTED;
}

hil_refusal hil_bank_create(hil_bank *bank, const hil_create_model *request) {
    if (bank->channels == 0) {
        return (hil_refusal){HIL_FAILURE_CODE_NOT_CONFIGURED, 0};
    }
    if (bank->model_count == HIL_MAX_MODELS) {
        return (hil_refusal){HIL_FAILURE_CODE_BANK_FULL, HIL_MAX_MODELS};
    }
    const hil_learner *learner = find_learner(request->learner, request->arithmetic);
    if (learner == NULL) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_LEARNER, 0};
    }
    hil_refusal refusal = check_learner(bank, learner, request->bias != 0);
    if (refusal.code != 0) {
        return refusal;
    }
    const hil_feature *feature = find_feature(request->features, request->arithmetic);
    if (feature == NULL) {
        return (hil_refusal){HIL_FAILURE_CODE_UNKNOWN_FEATURES, 0};
    }
    bool bias = request->bias != 0;
    double parameters[HIL_MAX_PARAMETERS];
    refusal = check_channels(bank, feature, request->channels);
    if (refusal.code == 0) {
        refusal = gather_parameters(learner, request, parameters);
    }
    if (refusal.code != 0) {
        return refusal;
    }

    uint32_t used = bank->arena_used;
    uint8_t mappings = bank->mapping_count;
    hil_mapping *mapping = find_mapping(bank, feature, request->channels, bias);
    if (mapping == NULL) {
        mapping = make_mapping(bank, feature, request->channels, bias);
    }
    hil_model *model = mapping == NULL ? NULL : make_model(bank, learner, mapping, parameters);
    if (model == NULL) {
        bank->arena_used = used;
        bank->mapping_count = mappings;
        return (hil_refusal){HIL_FAILURE_CODE_ARENA_FULL, bank->memory.arena_bytes - used};
    }
    model->arena_bytes = bank->arena_used - used;
    bank->models[bank->model_count++] = model;
    return ACCEPTED;
}

void hil_gather_values(const hil_mapping *mapping, const float *values) {
    for (size_t i = 0; i < mapping->inputs; i++) {
        mapping->values[i] = values[mapping->channels[i]];
    }
}

uint8_t hil_model_class(const hil_model *model, double score) {
    return hil_label(score, model->learner->tie) > 0 ? 1u : 0u; /* NaN is neither: not_finite tells */
}

/* One model's step: predict, then train. The stamps enclose the learner's calls alone. */
static void step(hil_model *model, hil_meter *meter, int label, hil_row_cost *cost) {
    const hil_learner *learner = model->learner;
    const hil_state *state = &model->state;
    const void *x = model->mapping->x;

    hil_stamp stamp = hil_meter_begin(meter);
    double score = learner->score(state, x, 0);
    uint32_t predict = hil_meter_end(meter, stamp);

    stamp = hil_meter_begin(meter);
    bool updated = learner->train(state, x, label);
    uint32_t train = hil_meter_end(meter, stamp);

    model->prediction = hil_model_class(model, score);
    model->updated = updated;
    model->updates += updated ? 1u : 0u;
    model->not_finite = model->not_finite || hil_not_finite(score);
    hil_sums_add(&model->sums[HIL_OPERATION_TRAIN - 1], train);
    hil_sums_add(&model->sums[HIL_OPERATION_PREDICT - 1], predict);
    cost->train += train;
    cost->predict += predict;
}

/* Works out every feature map; false when one overflowed. mapped[i] is what mapping i cost. */
static bool map_row(hil_bank *bank, hil_meter *meter, const float *values, uint32_t *mapped) {
    bool finite = true;
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        const hil_mapping *mapping = bank->mappings[i];
        hil_gather_values(mapping, values);
        hil_stamp stamp = hil_meter_begin(meter);
        bool mapped_finite = mapping->feature->map(mapping->values, mapping->inputs, mapping->x);
        mapped[i] = hil_meter_end(meter, stamp);
        finite = finite && mapped_finite;
    }
    return finite;
}

bool hil_bank_train(hil_bank *bank, hil_meter *meter, const float *values, uint8_t class_index, hil_row_cost *cost) {
    *cost = (hil_row_cost){0, 0, 0, 0};
    if (bank->model_count == 0) {
        return true; /* nothing to measure, and reading the clock for it would slow the link down */
    }
    uint32_t mapped[HIL_MAX_MODELS];
    hil_meter_row_begin(meter);
    if (!map_row(bank, meter, values, mapped)) {
        return false;
    }
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        cost->feature += mapped[i];
    }
    for (uint8_t i = 0; i < bank->model_count; i++) {
        hil_model *model = bank->models[i];
        hil_sums_add(&model->sums[HIL_OPERATION_FEATURE - 1], mapped[model->mapping->index]);
        step(model, meter, class_index == 0 ? -1 : 1, cost);
    }
    cost->dispatch = hil_meter_row_end(meter);
    hil_sums_add(&bank->dispatch, cost->dispatch);
    return true;
}

void hil_bank_map(hil_bank *bank, const float *values, bool finite[HIL_MAX_MODELS]) {
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        const hil_mapping *mapping = bank->mappings[i];
        hil_gather_values(mapping, values);
        finite[i] = mapping->feature->map(mapping->values, mapping->inputs, mapping->x);
    }
}
