/* Runs every learner on every feature map with memory of exactly the promised size, for the sanitizers.
 * Prints one line for each model: its name, how often it changed, and a digest of its state's bits. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "feature.h"
#include "learner.h"

#define ROWS 300
#define MOST_INPUTS 32
#define BATCH_ROWS 40

typedef struct {
    const hil_learner *learner;
    hil_state state;
    size_t bytes[HIL_MAX_ARRAYS];
    void *x;
} model;

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

/* Finite values, from denormal to near the largest; one in eight is zero. */
static float next_value(uint32_t *seed)
{
    static const float SCALES[] = {1.0f, 1.0f, 1.0f, 0.01f, 1e-40f, 1e-10f, 1e18f, 0.0f};
    const float unit = (float)next_random(seed) / 8388608.0f - 1.0f;
    return unit * SCALES[next_random(seed) % 8];
}

static size_t real_bytes(const char *arithmetic)
{
    return strcmp(arithmetic, "f32") == 0 ? sizeof(float) : sizeof(double);
}

static void *must_allocate(size_t bytes)
{
    void *memory = malloc(bytes);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void make(model *m, const hil_learner *learner, size_t dimension, size_t outputs)
{
    const size_t real = real_bytes(learner->arithmetic);
    unsigned char *parameters = must_allocate(learner->parameter_count * real + 1);
    for (size_t i = 0; i < learner->parameter_count; i++) {
        const double initial = learner->parameters[i].initial;
        const float single = (float)initial;
        memcpy(parameters + i * real, real == sizeof single ? (const void *)&single : (const void *)&initial, real);
    }
    m->learner = learner;
    m->state.dimension = dimension;
    m->state.outputs = outputs;
    m->state.parameters = parameters;
    for (size_t i = 0; i < learner->array_count; i++) {
        const hil_array *array = &learner->arrays[i];
        const size_t element = array->type == HIL_ARRAY_REAL ? real : sizeof(uint32_t);
        m->bytes[i] = element * hil_elements(array->shape, dimension, m->state.outputs);
        m->state.arrays[i] = must_allocate(m->bytes[i]);
    }
    m->state.scratch = NULL;
    if (learner->scratch != NULL) {
        const size_t reals = learner->scratch(dimension, m->state.outputs);
        m->state.scratch = must_allocate(reals * real);
        memset(m->state.scratch, 0, reals * real);
    }
    m->x = must_allocate(dimension * real);
    learner->start(&m->state);
}

static uint64_t digest_and_free(model *m)
{
    uint64_t digest = 14695981039346656037u; /* FNV-1a */
    for (size_t i = 0; i < m->learner->array_count; i++) {
        const unsigned char *bytes = m->state.arrays[i];
        for (size_t j = 0; j < m->bytes[i]; j++) {
            digest = (digest ^ bytes[j]) * 1099511628211u;
        }
        free(m->state.arrays[i]);
    }
    free(m->state.scratch);
    free((void *)(uintptr_t)m->state.parameters);
    free(m->x);
    return digest;
}

static void run(const hil_learner *learner, const hil_feature *feature, size_t inputs)
{
    model m;
    uint32_t seed = 20210418;
    unsigned updates = 0;
    make(&m, learner, feature->dimension(inputs), 1);
    float *values = must_allocate(inputs * sizeof *values);
    for (int row = 0; row < ROWS; row++) {
        for (size_t i = 0; i < inputs; i++) {
            values[i] = next_value(&seed);
        }
        const int label = next_random(&seed) % 2 != 0 ? 1 : -1;
        if (feature->map(values, inputs, m.x)) {
            (void)hil_label(learner->score(&m.state, m.x, 0), learner->tie);
            updates += learner->train(&m.state, m.x, label) ? 1u : 0u;
        }
    }
    free(values);
    printf("%s %s %s %zu: %u updates, state %016" PRIx64 "\n", learner->name, feature->name, learner->arithmetic, inputs,
           updates, digest_and_free(&m));
}

/* Mini-batches of ordinary numbers: NaN, which huge ones would lead to, has no defined bits. */
static void run_batches(const hil_learner *learner, size_t dimension, size_t outputs)
{
    model m;
    uint32_t seed = 20230705;
    uint8_t classes[BATCH_ROWS];
    uint16_t rows[BATCH_ROWS];
    const size_t real = real_bytes(learner->arithmetic);
    make(&m, learner, dimension, outputs);
    unsigned char *x = must_allocate(BATCH_ROWS * dimension * real);
    for (size_t i = 0; i < BATCH_ROWS * dimension; i++) {
        const float single = (float)next_random(&seed) / 8388608.0f - 1.0f;
        const double exact = (double)single;
        memcpy(x + i * real, real == sizeof single ? (const void *)&single : (const void *)&exact, real);
    }
    for (size_t i = 0; i < BATCH_ROWS; i++) {
        classes[i] = (uint8_t)(next_random(&seed) % (outputs == 1 ? 2 : outputs));
        rows[i] = (uint16_t)(BATCH_ROWS - 1 - i);
    }
    double loss = 0;
    for (unsigned step = 0; step < 30; step++) {
        const hil_batch batch = {x, classes, rows + step, BATCH_ROWS - step};
        loss += learner->train_batch(&m.state, &batch);
        loss += learner->score(&m.state, x, outputs - 1);
    }
    free(x);
    printf("%s %s %zu to %zu: sum %.9g, state %016" PRIx64 "\n", learner->name, learner->arithmetic, dimension, outputs,
           loss, digest_and_free(&m));
}

int main(void)
{
    for (size_t l = 0; hil_learners[l] != NULL; l++) {
        if (hil_learners[l]->train_batch != NULL) {
            for (size_t dimension = 1; dimension <= MOST_INPUTS; dimension += 3) {
                run_batches(hil_learners[l], dimension, 1);
                run_batches(hil_learners[l], dimension, 5);
            }
            continue;
        }
        for (size_t f = 0; hil_features[f] != NULL; f++) {
            if (strcmp(hil_learners[l]->arithmetic, hil_features[f]->arithmetic) != 0) {
                continue;
            }
            const size_t fixed = hil_features[f]->inputs;
            for (size_t inputs = fixed ? fixed : 1; inputs <= (fixed ? fixed : MOST_INPUTS); inputs++) {
                if (hil_features[f]->dimension(inputs) > 0) { /* else more than a model may have */
                    run(hil_learners[l], hil_features[f], inputs);
                }
            }
        }
    }
    return 0;
}
