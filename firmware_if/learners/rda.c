/* arithmetics: flight f64 f32
 *
 * AdaGrad-RDA, regularised dual averaging of the hinge loss with an L1 term; delta = 0.
 * Duchi, Hazan, Singer: Adaptive Subgradient Methods, COLT 2010 and JMLR 2011; Xiao, JMLR 2010.
 *
 * The mean gradient of the papers is that of all samples; one without loss adds 0 to the sum, and the weights follow.
 * OPS-SAT-1 counted the samples with loss alone, and left the others out.
 */
#include <tgmath.h>

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

/* Whether squares that are not 0 may have become 0 in sum: below 1e-45, which a float32 holds as 0. No double does:
 * the smallest float32 has a square of 2e-90. */
static inline bool vanished(hil_real squares)
{
#if defined(HIL_F32)
    return !(squares > 0);
#else
    (void)squares;
    return false;
#endif
}

static bool train(const hil_state *state, const void *features, int label)
{
    const size_t dimension = state->dimension;
    const hil_real *restrict x = features;
    hil_real *restrict w = state->arrays[W];
    const hil_real y = (hil_real)label;

    const bool loss = !(hil_dot(w, x, dimension) * y >= 1);
#if defined(HIL_FLIGHT)
    if (!loss) {
        return false;
    }
#endif
    hil_real *restrict h = state->arrays[H];
    hil_real *restrict g = state->arrays[G];
    uint32_t *timestep = state->arrays[TIMESTEP];
    const hil_real *parameters = state->parameters;
    const hil_real eta = parameters[ETA];
    const hil_real lambda = parameters[LAMBDA];

    *timestep += 1;
    const hil_real t = (hil_real)*timestep;
    for (size_t i = 0; i < dimension; i++) {
        if (loss) {
            const hil_real gradient = -y * x[i];
            g[i] += gradient;
            h[i] += gradient * gradient;
        }
        const hil_real mean = fabs(g[i]) / t;
        if (mean <= lambda || vanished(h[i])) {
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
