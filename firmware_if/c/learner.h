/* A learner: one on-board training algorithm in one arithmetic, described by a constant that it exports.
 *
 * A source under learners/ is compiled once for each arithmetic that its `arithmetics:` line names; arithmetic.h
 * then defines hil_real (the type of weights and features) and HIL_NAMED(stem) (stem_flight, stem_f64, stem_f32).
 * It exports exactly one symbol: `const hil_learner HIL_NAMED(stem)`, whose name is the stem. All memory belongs to
 * the bank; a learner keeps nothing of its own. Nothing here is called from an interrupt handler.
 */
#ifndef HIL_LEARNER_H
#define HIL_LEARNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HIL_MAX_ARRAYS 5
#define HIL_MAX_PARAMETERS 8

typedef enum { HIL_ARRAY_REAL = 1, HIL_ARRAY_U32 = 2 } hil_array_type;

typedef enum {
    HIL_SHAPE_SCALAR = 1, /* one element */
    HIL_SHAPE_VECTOR = 2  /* one element per feature */
} hil_array_shape;

/* One named array of a model's state, as LIST describes it and dump and load move it. */
typedef struct {
    const char *name;
    hil_array_type type;
    hil_array_shape shape;
} hil_array;

/* One hyperparameter; a value outside [minimum, maximum] is refused when a model is created. */
typedef struct {
    const char *name;
    double initial;
    double minimum;
    double maximum;
} hil_parameter;

/* What a learner works on. arrays[i] and parameters[i] follow the order of the learner's own tables;
 * parameters are hil_real, arrays[i] is hil_real or uint32_t as its table says. The arrays, the parameters and the
 * features of a call do not overlap; each is aligned for its type. dimension is at least 1. */
typedef struct {
    size_t dimension;
    const void *parameters;
    void *arrays[HIL_MAX_ARRAYS];
} hil_state;

typedef struct {
    const char *name;
    const char *arithmetic;
    const hil_parameter *parameters;
    size_t parameter_count;
    const hil_array *arrays;
    size_t array_count;
    int tie; /* label that a score of exactly 0 stands for: -1 or +1 */

    /* Fills every array with the value before the first sample. */
    void (*start)(const hil_state *state);

    /* Decision value of x (hil_real[dimension]): positive for label +1. */
    double (*score)(const hil_state *state, const void *x);

    /* One training step on x (hil_real[dimension], finite) with label -1 or +1; true when the model changed. */
    bool (*train)(const hil_state *state, const void *x, int label);
} hil_learner;

/* The label that a score stands for; `tie` is the learner's, and decides at exactly 0 (and for NaN). */
static inline int hil_label(double score, int tie)
{
    if (tie > 0) {
        return score < 0 ? -1 : 1;
    }
    return score > 0 ? 1 : -1;
}

/* Every learner that was linked in, sorted by symbol and ended by NULL; registry.mk writes it from the sources. */
extern const hil_learner *const hil_learners[];

#endif
