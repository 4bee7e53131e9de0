/* arithmetics: flight
 *
 * AdaGrad-RDA, regularised dual averaging of the hinge loss with an L1 term.
 * Duchi, Hazan, Singer: Adaptive Subgradient Methods, COLT 2010; Xiao, JMLR 2010; here as OPS-SAT-1 flew it.
 */
#include <math.h>

#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W, H, G, TIMESTEP };
enum { ETA, LAMBDA };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [H] = {"h", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [G] = {"g", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [TIMESTEP] = {"timestep", HIL_ARRAY_U32, HIL_SHAPE_SCALAR},
};

static const hil_parameter PARAMETERS[] = {
    [ETA] = {"eta", 0.1, 1e-6, 1e6, HIL_CONTINUOUS},
    [LAMBDA] = {"lambda", 1e-6, 0, 1e6, HIL_CONTINUOUS},
};

static void start(const hil_state *state)
{
    hil_fill(state->arrays[W], state->dimension, 0);
    hil_fill(state->arrays[H], state->dimension, 0);
    hil_fill(state->arrays[G], state->dimension, 0);
    *(uint32_t *)state->arrays[TIMESTEP] = 0;
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

    if (hil_dot(w, x, dimension) * y >= 1) {
        return false;
    }
    hil_real *restrict h = state->arrays[H];
    hil_real *restrict g = state->arrays[G];
    uint32_t *timestep = state->arrays[TIMESTEP];
    const hil_real *parameters = state->parameters;
    const hil_real eta = parameters[ETA];
    const hil_real lambda = parameters[LAMBDA];

    *timestep += 1;
    const hil_real t = (hil_real)*timestep;
    for (size_t i = 0; i < dimension; i++) {
        const hil_real gradient = -y * x[i];
        g[i] += gradient;
        h[i] += gradient * gradient;
        const hil_real mean = fabs(g[i]) / t;
        if (mean <= lambda) {
            w[i] = 0;
        } else {
            const hil_real rate = eta / sqrt(h[i]);
            w[i] = (g[i] >= 0 ? -rate : rate) * t * (mean - lambda);
        }
    }
    return true;
}

const hil_learner HIL_NAMED(rda) = {
    .name = "rda",
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
