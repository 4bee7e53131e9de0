/* Counts what one training step of every learner costs, and prints a line for each:
 *
 *   train LEARNER ARITHMETIC D COUNTS MEAN MINIMUM MAXIMUM    a step that changes the model, of D features
 *   batch LEARNER ARITHMETIC D COUNTS MEAN MINIMUM MAXIMUM    the same for a mini-batch of 32 rows
 *   dot | axpy | cmsis vector f32 D COUNTS MEAN MINIMUM MAXIMUM    of two vectors
 *   end
 *
 * Compiled with -DHIL_F32 and that arithmetic's flags, for linear.h; with -DCMSIS_DSP linked with arm_dot_prod_f32. */
#include <string.h>

#include "learner.h"
#include "linear.h"
#include "meter.h"
#include "payload.h"

#define MOST 128u
#define STEPS 16u
#define BATCH 32u
#define MEMORY_BYTES 16384u

static const size_t DIMENSIONS[] = {3, 5, 32, 128};

_Alignas(8) static uint8_t memory[MEMORY_BYTES];
_Alignas(8) static double rows[BATCH * MOST]; /* hil_real[BATCH][d] of the arithmetic at hand */
static float left[MOST + 4], right[MOST + 4]; /* CMSIS-DSP reads ahead */
static uint32_t seed;

static void print(hil_port *port, const char *text)
{
    port->transmit(port->context, (const uint8_t *)text, strlen(text));
}

static void print_number(hil_port *port, uint32_t value)
{
    char digits[12];
    size_t place = sizeof digits - 1;
    digits[place] = '\0';
    do {
        digits[--place] = (char)('0' + value % 10u);
        value /= 10u;
    } while (value > 0u);
    digits[--place] = ' ';
    print(port, digits + place);
}

static void print_line(hil_port *port, const char *kind, const char *name, const char *arithmetic, size_t d,
                       const hil_sums *sums)
{
    print(port, kind);
    print(port, " ");
    print(port, name);
    print(port, " ");
    print(port, arithmetic);
    print_number(port, (uint32_t)d);
    print_number(port, sums->count);
    print_number(port, sums->count > 0 ? (uint32_t)((sums->sum + sums->count / 2) / sums->count) : 0);
    print_number(port, sums->minimum);
    print_number(port, sums->maximum);
    print(port, "\n");
}

/* Between -1 and 1, in steps that every arithmetic holds. */
static float next_value(void)
{
    seed = seed * 1664525u + 1013904223u;
    return (float)(seed >> 16) / 32768.0f - 1.0f;
}

static bool is_single(const hil_learner *learner)
{
    return strcmp(learner->arithmetic, "f32") == 0;
}

static void fill_rows(bool single, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (single) {
            ((float *)(void *)rows)[i] = next_value();
        } else {
            rows[i] = (double)next_value();
        }
    }
}

static void *take(size_t *used, size_t bytes)
{
    void *place = memory + *used;
    *used += (bytes + 7u) & ~(size_t)7u;
    return place;
}

/* False when the memory is too small. */
static bool start(const hil_learner *learner, size_t dimension, hil_state *state, uint8_t *parameters)
{
    const size_t real = is_single(learner) ? sizeof(float) : sizeof(double);
    size_t used = 0;
    memset(memory, 0, sizeof memory);
    *state = (hil_state){.dimension = dimension, .outputs = 1, .parameters = parameters};
    for (size_t i = 0; i < learner->parameter_count; i++) {
        const double value = i == learner->batch_parameter && learner->train_batch != NULL
                                 ? (double)BATCH
                                 : learner->parameters[i].initial;
        const float single = (float)value;
        memcpy(parameters + i * real, real == sizeof single ? (const void *)&single : (const void *)&value, real);
    }
    for (size_t i = 0; i < learner->array_count; i++) {
        const size_t element = learner->arrays[i].type == HIL_ARRAY_U32 ? sizeof(uint32_t) : real;
        state->arrays[i] = take(&used, element * hil_elements(learner->arrays[i].shape, dimension, 1));
    }
    state->scratch = take(&used, learner->scratch == NULL ? 0 : real * learner->scratch(dimension, 1));
    if (used > sizeof memory) {
        return false;
    }
    learner->start(state);
    return true;
}

/* Steps on samples that the model gets wrong, so that each changes it. */
static void measure_train(hil_meter *meter, const hil_learner *learner, const hil_state *state, hil_sums *sums)
{
    for (uint32_t i = 0; i < STEPS; i++) {
        fill_rows(is_single(learner), state->dimension);
        const int label = learner->score(state, rows, 0) > 0 ? -1 : 1;
        const hil_stamp stamp = hil_meter_begin(meter);
        const bool changed = learner->train(state, rows, label);
        const uint32_t counts = hil_meter_end(meter, stamp);
        if (changed) {
            hil_sums_add(sums, counts);
        }
    }
}

static void measure_batch(hil_meter *meter, const hil_learner *learner, const hil_state *state, hil_sums *sums)
{
    static uint8_t classes[BATCH];
    static uint16_t order[BATCH];
    fill_rows(is_single(learner), BATCH * state->dimension);
    for (uint32_t i = 0; i < BATCH; i++) {
        classes[i] = (uint8_t)(next_value() > 0);
        order[i] = (uint16_t)i;
    }
    const hil_batch batch = {rows, classes, order, BATCH};
    for (uint32_t i = 0; i < STEPS; i++) {
        const hil_stamp stamp = hil_meter_begin(meter);
        (void)learner->train_batch(state, &batch);
        hil_sums_add(sums, hil_meter_end(meter, stamp));
    }
}

static void measure_learners(hil_meter *meter)
{
    _Alignas(8) static uint8_t parameters[HIL_MAX_PARAMETERS * sizeof(double)];
    for (size_t l = 0; hil_learners[l] != NULL; l++) {
        for (size_t k = 0; k < sizeof DIMENSIONS / sizeof DIMENSIONS[0]; k++) {
            const hil_learner *learner = hil_learners[l];
            hil_state state;
            hil_sums sums = {0, 0, 0, 0};
            if (!start(learner, DIMENSIONS[k], &state, parameters)) {
                continue;
            }
            if (learner->train != NULL) {
                measure_train(meter, learner, &state, &sums);
            } else {
                measure_batch(meter, learner, &state, &sums);
            }
            print_line(meter->port, learner->train != NULL ? "train" : "batch", learner->name, learner->arithmetic,
                       DIMENSIONS[k], &sums);
        }
    }
}

/* Called through pointers, as a library's functions are. */
typedef void vector_call(size_t count, float *result);

static void dot(size_t count, float *result)
{
    *result = hil_dot(left, right, count);
}

static void axpy(size_t count, float *result)
{
    hil_axpy(left, *result, right, count);
}

#if defined(CMSIS_DSP)
extern void arm_dot_prod_f32(const float *a, const float *b, uint32_t count, float *result);

static void cmsis(size_t count, float *result)
{
    arm_dot_prod_f32(left, right, (uint32_t)count, result);
}
#endif

static void measure_vectors(hil_meter *meter, const char *name, vector_call *call)
{
    for (size_t k = 0; k < sizeof DIMENSIONS / sizeof DIMENSIONS[0]; k++) {
        hil_sums sums = {0, 0, 0, 0};
        for (size_t i = 0; i < MOST; i++) {
            left[i] = next_value();
            right[i] = next_value();
        }
        for (uint32_t i = 0; i < STEPS; i++) {
            float result = 0.5f;
            const hil_stamp stamp = hil_meter_begin(meter);
            call(DIMENSIONS[k], &result);
            hil_sums_add(&sums, hil_meter_end(meter, stamp));
        }
        print_line(meter->port, name, "vector", "f32", DIMENSIONS[k], &sums);
    }
}

void payload_main(hil_port *port)
{
    hil_meter meter;
    hil_meter_open(&meter, port);
    measure_learners(&meter);
    measure_vectors(&meter, "dot", dot);
    measure_vectors(&meter, "axpy", axpy);
#if defined(CMSIS_DSP)
    measure_vectors(&meter, "cmsis", cmsis);
#endif
    print(port, "end\n");
    for (;;) {
        port->wait(port->context);
    }
}
