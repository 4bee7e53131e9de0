/* arithmetics: flight f64 f32
 *
 * AROW, adaptive regularisation of weights, with a diagonal covariance: what the update adds off the diagonal is
 * dropped. OPS-SAT-1 flew the formulas of the paper.
 * Crammer, Kulesza, Dredze: Adaptive Regularization of Weight Vectors, NIPS 2009.
 */
#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W, COV };
enum { R };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [COV] = {"cov", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
};

static const hil_parameter PARAMETERS[] = {
    [R] = {"r", 0.8, 1e-6, 1e6, HIL_CONTINUOUS},
};

static void start(const hil_state *state)
{
    hil_fill(state->arrays[W], state->dimension, 0);
    hil_fill(state->arrays[COV], state->dimension, 1);
}

static double score(const hil_state *state, const void *features, size_t output)
{
    (void)output;
    return (double)hil_dot(state->arrays[W], features, state->dimension);
}

static bool train(const hil_state *state, const void *features, int label)
{
    const size_t dimension = state->dimension;
    const hil_real *restrict x = features;
    hil_real *restrict w = state->arrays[W];
    hil_real *restrict cov = state->arrays[COV];
    const hil_real y = (hil_real)label;

    const bool few = hil_are_few(dimension);
    hil_real v = 0;
    const hil_real score = few ? hil_dot_and_confidence(w, cov, x, dimension, &v) : hil_dot(w, x, dimension);
    const hil_real margin = score * y;
    if (margin >= 1) {
        return false;
    }
    const hil_real r = ((const hil_real *)state->parameters)[R];
    if (!few) {
        v = hil_confidence(cov, x, dimension);
    }
    const hil_real beta = 1 / (v + r);
    const hil_real step = (1 - margin) * beta * y; /* margin < 1: the hinge loss needs no max(0, ...) */
    hil_confident_step(w, cov, x, dimension, step, beta);
    return true;
}

const hil_learner HIL_NAMED(arow) = {
    .name = "arow",
    .arithmetic = HIL_ARITHMETIC,
    .parameters = PARAMETERS,
    .parameter_count = sizeof PARAMETERS / sizeof PARAMETERS[0],
    .arrays = ARRAYS,
    .array_count = sizeof ARRAYS / sizeof ARRAYS[0],
    .tie = -1,
    .start = start,
    .score = score,
    .train = train,
};
