/* arithmetics: flight f64 f32
 *
 * PA-II, the passive-aggressive algorithm with a squared slack that C weighs.
 * Crammer, Dekel, Keshet, Shalev-Shwartz, Singer: Online Passive-Aggressive Algorithms, JMLR 7, 2006.
 *
 * What OPS-SAT-1 flew differs: each weight takes a step of its own, from the square of its own feature where the paper
 * has the squared length of the sample, and C/2 where it has 1/(2C); and a sample without loss counts as an update.
 */
#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W };
enum { C };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
};

static const hil_parameter PARAMETERS[] = {
    [C] = {"C", 0.1, 1e-6, 1e6, HIL_CONTINUOUS},
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
    const size_t dimension = state->dimension;
    const hil_real *restrict x = features;
    hil_real *restrict w = state->arrays[W];
    const hil_real y = (hil_real)label;
    const hil_real c = ((const hil_real *)state->parameters)[C];

    const hil_real hinge = 1 - hil_dot(w, x, dimension) * y;
#if defined(HIL_FLIGHT)
    const hil_real loss = hinge > 0 ? hinge : 0;
    for (size_t i = 0; i < dimension; i++) {
        const hil_real step = loss / (x[i] * x[i] + c / 2);
        w[i] += step * y * x[i];
    }
#else
    const hil_real square = hil_dot(x, x, dimension);
    if (!(hinge > 0) || square == 0) {
        return false;
    }
    const hil_real step = hinge / (square + 1 / (2 * c)) * y;
    hil_axpy(w, step, x, dimension);
#endif
    return true;
}

const hil_learner HIL_NAMED(pa_ii) = {
    .name = "pa-ii",
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
