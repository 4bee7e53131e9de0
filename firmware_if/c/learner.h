/* A learner: one on-board training algorithm in one arithmetic, described by a constant that it exports.
 *
 * A source under learners/ is compiled once for each arithmetic that its `arithmetics:` line names; arithmetic.h
 * then defines hil_real (the type of weights and features) and HIL_NAMED(stem) (stem_flight, stem_f64, stem_f32).
 * It exports exactly one symbol: `const hil_learner HIL_NAMED(stem)`, whose name is the stem (with - for _). All memory
 * belongs to the bank; a learner keeps nothing of its own. Nothing here is called from an interrupt handler.
 *
 * A learner trains in one of two ways: on each sample as it arrives (`train`), or on mini-batches of a data set that
 * is held in memory (`train_batch`). It has the one and leaves the other NULL.
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
    HIL_SHAPE_VECTOR = 2, /* one element per feature */
    HIL_SHAPE_OUTPUTS = 3, /* one element per output */
    HIL_SHAPE_MATRIX = 4, /* per output one element per feature, output after output */
    HIL_SHAPE_AFFINE = 5  /* a MATRIX, then OUTPUTS */
} hil_array_shape;

/* One named array of a model's state, as LIST describes it and dump and load move it. */
typedef struct {
    const char *name;
    hil_array_type type;
    hil_array_shape shape;
} hil_array;

typedef enum { HIL_CONTINUOUS = 0, HIL_WHOLE = 1 } hil_parameter_kind;

/* One hyperparameter; a value outside [minimum, maximum], or a fraction where a WHOLE number is wanted, is refused when
 * a model is created. */
typedef struct {
    const char *name;
    double initial;
    double minimum;
    double maximum;
    hil_parameter_kind kind;
} hil_parameter;

/* What a learner works on. arrays[i] and parameters[i] follow the order of the learner's own tables;
 * parameters are hil_real, arrays[i] is hil_real or uint32_t as its table says. The arrays, the parameters, the
 * scratch memory and the features of a call do not overlap; each is aligned for its type. dimension and outputs are
 * at least 1; outputs is 1 for two classes, else the number of classes. */
typedef struct {
    size_t dimension;
    size_t outputs;
    const void *parameters;
    void *arrays[HIL_MAX_ARRAYS];
    void *scratch; /* hil_real[learner's scratch(dimension, outputs)] */
} hil_state;

/* The rows of one mini-batch: row i has its features at x + rows[i] * dimension and its class in classes[rows[i]]. */
typedef struct {
    const void *x;          /* hil_real[any number][dimension], all finite */
    const uint8_t *classes; /* below the number of classes */
    const uint16_t *rows;
    size_t count; /* at least 1 */
} hil_batch;

typedef struct {
    const char *name;
    const char *arithmetic;
    const hil_parameter *parameters;
    size_t parameter_count;
    const hil_array *arrays;
    size_t array_count;
    int tie; /* with one output: label that a score of exactly 0 stands for, -1 or +1 */

    /* With train_batch: places in the parameter table of the mini-batch's size and of the seed that shuffles the rows
     * anew before each epoch (0: never); both are whole numbers of at least 1 and 0. */
    size_t batch_parameter;
    size_t seed_parameter;

    /* How many hil_real of working memory the learner wants; NULL: none. It is all zero when the model starts and
     * after its state was loaded, is left alone otherwise, and is no part of the state: what it holds must be worked
     * out again from the state whenever it is zero. */
    size_t (*scratch)(size_t dimension, size_t outputs);

    /* Fills every array with the value before the first sample. */
    void (*start)(const hil_state *state);

    /* Decision value of x (hil_real[dimension]) for one output. With one output it is positive for label +1; with
     * several the largest wins, the first of equals. */
    double (*score)(const hil_state *state, const void *x, size_t output);

    /* One training step on x (hil_real[dimension], finite) with label -1 or +1; true when the model changed. */
    bool (*train)(const hil_state *state, const void *x, int label);

    /* One training step on a mini-batch; its mean loss before the step. */
    double (*train_batch)(const hil_state *state, const hil_batch *batch);
} hil_learner;

/* The label that a score stands for; `tie` is the learner's, and decides at exactly 0 (and for NaN). */
static inline int hil_label(double score, int tie)
{
    if (tie > 0) {
        return score < 0 ? -1 : 1;
    }
    return score > 0 ? 1 : -1;
}

/* Number of elements of an array of that shape. */
static inline size_t hil_elements(hil_array_shape shape, size_t dimension, size_t outputs)
{
    switch (shape) {
    case HIL_SHAPE_VECTOR:
        return dimension;
    case HIL_SHAPE_OUTPUTS:
        return outputs;
    case HIL_SHAPE_MATRIX:
        return outputs * dimension;
    case HIL_SHAPE_AFFINE:
        return outputs * (dimension + 1);
    case HIL_SHAPE_SCALAR:
    default:
        return 1;
    }
}

/* Every learner that was linked in, sorted by symbol and ended by NULL; registry.mk writes it from the sources. */
extern const hil_learner *const hil_learners[];

#endif
