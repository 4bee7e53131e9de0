#include "dataset.h"

#include <string.h>

/* Room in the data region, laid out from its start in pieces aligned to 8 bytes. */
typedef struct {
    hil_memory memory;
    uint64_t used;
} region;

/* The next `count` elements of that size; past the end of the region the pointer must not be used. */
static uint8_t *take(region *from, uint64_t count, uint32_t element) {
    uint64_t start = from->used;
    from->used += (count * element + 7u) & ~(uint64_t)7u;
    return from->used <= from->memory.data_bytes ? from->memory.data + start : NULL;
}

void hil_dataset_close(hil_dataset *data, hil_bank *bank) {
    memset(data, 0, sizeof *data);
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        bank->mappings[i]->rows = NULL;
    }
}

hil_refusal hil_dataset_open(hil_dataset *data, hil_bank *bank, uint32_t rows) {
    hil_dataset_close(data, bank);
    if (rows == 0 || rows > HIL_MAX_ROWS) {
        return (hil_refusal){HIL_FAILURE_CODE_DATA_FULL, HIL_MAX_ROWS};
    }
    region from = {.memory = bank->memory};
    uint8_t *classes = take(&from, rows, 1);
    uint8_t *order = take(&from, rows, sizeof(uint16_t));
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        hil_mapping *mapping = bank->mappings[i];
        uint64_t reals = (uint64_t)rows * mapping->dimension;
        mapping->rows = take(&from, reals, hil_real_bytes(mapping->feature->arithmetic));
    }
    if (from.used > bank->memory.data_bytes) {
        hil_dataset_close(data, bank);
        return (hil_refusal){HIL_FAILURE_CODE_DATA_FULL, bank->memory.data_bytes};
    }
    *data = (hil_dataset){.capacity = rows,
                          .used_bytes = (uint32_t)from.used,
                          .classes = classes,
                          .order = (uint16_t *)(void *)order}; /* `take` aligns to 8 bytes */
    return (hil_refusal){0, 0};
}

bool hil_dataset_store(hil_dataset *data, hil_bank *bank, hil_meter *meter, const float *values, uint8_t class_index,
                       hil_row_cost *cost) {
    *cost = (hil_row_cost){0, 0, 0, 0};
    bool finite = true;
    hil_meter_row_begin(meter);
    for (uint8_t i = 0; i < bank->mapping_count; i++) {
        const hil_mapping *mapping = bank->mappings[i];
        size_t bytes = mapping->dimension * hil_real_bytes(mapping->feature->arithmetic);
        hil_gather_values(mapping, values);
        hil_stamp stamp = hil_meter_begin(meter);
        finite = mapping->feature->map(mapping->values, mapping->inputs, mapping->rows + data->count * bytes) && finite;
        uint32_t mapped = hil_meter_end(meter, stamp);
        cost->feature += mapped;
        for (uint8_t m = 0; m < bank->model_count && finite; m++) {
            if (bank->models[m]->mapping == mapping) {
                hil_sums_add(&bank->models[m]->sums[HIL_OPERATION_FEATURE - 1], mapped);
            }
        }
    }
    if (!finite) {
        return false;
    }
    data->classes[data->count++] = class_index;
    cost->dispatch = hil_meter_row_end(meter);
    hil_sums_add(&bank->dispatch, cost->dispatch);
    return true;
}

/* Marsaglia's 32-bit xorshift ("Xorshift RNGs", Journal of Statistical Software 8(14), 2003). */
static uint32_t next_random(uint32_t *state) {
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* Rows in recorded order, or with a seed shuffled anew for each epoch (Fisher-Yates from the last row down). */
static void put_in_order(hil_dataset *data, uint32_t seed, uint16_t epoch) {
    for (uint32_t i = 0; i < data->count; i++) {
        data->order[i] = (uint16_t)i;
    }
    if (seed == 0) {
        return;
    }
    uint32_t state = seed * 65536u + epoch; /* not 0: both below 2^16, seed above 0 */
    for (uint32_t i = data->count - 1; i > 0; i--) {
        uint32_t j = next_random(&state) % (i + 1u);
        uint16_t swapped = data->order[i];
        data->order[i] = data->order[j];
        data->order[j] = swapped;
    }
}

/* A whole number from `least` to `most`; `most` for more, and for what no model was made with: an upset of the parameter
 * must not keep an epoch from ending. */
static uint32_t whole_parameter(const hil_model *model, size_t index, uint32_t least, uint32_t most) {
    const void *parameters = model->state.parameters;
    const bool single = hil_real_bytes(model->learner->arithmetic) == sizeof(float);
    const double value = single ? (double)((const float *)parameters)[index] : ((const double *)parameters)[index];
    return value >= least && value <= most ? (uint32_t)value : most; /* NaN is neither */
}

hil_epoch hil_dataset_train(hil_dataset *data, hil_model *model, hil_meter *meter, uint16_t epoch) {
    const hil_learner *learner = model->learner;
    uint32_t batch_rows = whole_parameter(model, learner->batch_parameter, 1, data->count);
    hil_epoch result = {0, 0, 0};
    put_in_order(data, whole_parameter(model, learner->seed_parameter, 0, UINT16_MAX), epoch);
    for (uint32_t first = 0; first < data->count; first += batch_rows) {
        uint32_t left = data->count - first;
        hil_batch batch = {.x = model->mapping->rows,
                           .classes = data->classes,
                           .rows = data->order + first,
                           .count = left < batch_rows ? left : batch_rows};
        hil_watch_work(meter->port);
        hil_stamp stamp = hil_meter_begin(meter);
        double loss = learner->train_batch(&model->state, &batch);
        uint32_t counts = hil_meter_end(meter, stamp);
        hil_sums_add(&model->sums[HIL_OPERATION_TRAIN - 1], counts);
        result.train += counts;
        result.loss += loss;
        result.steps++;
        model->updates++;
    }
    result.loss /= result.steps;
    model->not_finite = model->not_finite || hil_not_finite(result.loss);
    return result;
}
