/* arithmetics: f64
 *
 * The perceptron with margin (Duda, Hart, Stork: Pattern Classification, 2001, section 5.5): also what is right by too
 * little is a step.
 */
#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W };
enum { RATE, MARGIN };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
};

static const hil_parameter PARAMETERS[] = {
    [RATE] = {"rate", 0.1, 1e-6, 1e6, HIL_CONTINUOUS},
    [MARGIN] = {"margin", 1.0, 0, 1e6, HIL_CONTINUOUS},
};

static void start(const hil_state *state)
{
    hil_fill(state->arrays[W], state->dimension, 0);
}

static double score(const hil_state *state, const void *features, size_t output)
{
    (void)output;
    return (double)hil_dot(state->arrays[W], features, state->dimension);
}

static bool train(const hil_state *state, const void *features, int label)
{
    const hil_real *parameters = state->parameters;
    const hil_real y = (hil_real)label;
    if (hil_dot(state->arrays[W], features, state->dimension) * y > parameters[MARGIN]) {
        return false;
    }
    hil_axpy(state->arrays[W], parameters[RATE] * y, features, state->dimension);
    return true;
}

const hil_learner HIL_NAMED(margin_perceptron) = {
    .name = "margin-perceptron",
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
