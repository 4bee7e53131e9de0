/* arithmetics: flight f64 f32
 *
 * Adam on the hinge loss.
 * Kingma, Ba: Adam: A Method for Stochastic Optimization, ICLR 2015, algorithm 1; beta1 decays by lambda from step to
 * step as in its section 4. What OPS-SAT-1 flew is the same, operation by operation.
 *
 * The powers lambda^t, beta1^t and beta2^t are products that run along with the timestep, since pow() of a C library
 * costs more than all the rest and its last bit differs from library to library. They are rounded correctly wherever
 * that was tested (every t up to 20000); a power below SMALLEST_POWER counts as 0, which 1 - power cannot tell apart.
 */
#include <tgmath.h>

#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

#define SMALLEST_POWER 1e-290 /* below it the error of a product can no longer be held exactly */

enum { W, M, V, TIMESTEP };
enum { ALPHA, BETA1, BETA2, EPSILON, LAMBDA };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [M] = {"m", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [V] = {"v", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [TIMESTEP] = {"timestep", HIL_ARRAY_U32, HIL_SHAPE_SCALAR},
};

static const hil_parameter PARAMETERS[] = {
    [ALPHA] = {"alpha", 0.001, 1e-9, 1e6, HIL_CONTINUOUS},
    [BETA1] = {"beta1", 0.9, 0, 0.999999, HIL_CONTINUOUS},
    [BETA2] = {"beta2", 0.999, 0, 0.999999, HIL_CONTINUOUS},
    [EPSILON] = {"epsilon", 1e-8, 1e-12, 1, HIL_CONTINUOUS},
    [LAMBDA] = {"lambda", 0.99999999, 0, 1, HIL_CONTINUOUS},
};

/* Each power has a place of two hil_real in scratch memory. */
#if defined(HIL_F32)
/* In single, 1 - beta2^t would keep 14 of its 24 bits in the first steps, and the product would lose more in each. What
 * a hyperparameter cannot hold is lost all the same: lambda = 0.99999999 is 1 there. */
typedef double power;

static power power_of(hil_real base)
{
    return (double)base;
}

static double value_of(power a)
{
    return a;
}

static power multiply(power a, power b)
{
    const double product = a * b;
    return product < SMALLEST_POWER ? 0 : product;
}

typedef union {
    power whole;
    hil_real halves[2];
} kept_power;

static power load_power(const hil_real *place)
{
    return (kept_power){.halves = {place[0], place[1]}}.whole;
}

static void keep_power(hil_real *place, power a)
{
    const kept_power kept = {a};
    place[0] = kept.halves[0];
    place[1] = kept.halves[1];
}
#else
/* A number with twice the digits of a double: high + low, with high the double nearest to it. */
typedef struct {
    double high;
    double low;
} power;

static power power_of(hil_real base)
{
    return (power){base, 0};
}

static double value_of(power a)
{
    return a.high;
}

/* x as the sum of two doubles of 26 bits, whose products are exact (Veltkamp). */
static power split(double x)
{
    const double scaled = 134217729 * x; /* 2^27 + 1 */
    const double high = scaled - (scaled - x);
    return (power){high, x - high};
}

/* Dekker: A Floating-Point Technique for Extending the Available Precision, Numerische Mathematik 18, 1971: the product
 * of the high parts without an error, then what the low parts add. */
static power multiply(power a, power b)
{
    const power x = split(a.high), y = split(b.high);
    const double product = a.high * b.high;
    if (product < SMALLEST_POWER) {
        return (power){0, 0};
    }
    const double error = x.high * y.high - product + x.high * y.low + x.low * y.high + x.low * y.low;
    const double low = error + (a.high * b.low + a.low * b.high);
    const double high = product + low;
    return (power){high, product - high + low};
}

static power load_power(const hil_real *place)
{
    return (power){place[0], place[1]};
}

static void keep_power(hil_real *place, power a)
{
    place[0] = a.high;
    place[1] = a.low;
}
#endif
_Static_assert(sizeof(power) == 2 * sizeof(hil_real), "a power fills its place");

/* Scratch memory: whether the powers of the state's timestep are there, then their places. */
enum { KNOWN, POWER_LAMBDA, POWER_BETA1 = POWER_LAMBDA + 2, POWER_BETA2 = POWER_BETA1 + 2, SCRATCH = POWER_BETA2 + 2 };

static size_t scratch(size_t dimension, size_t outputs)
{
    (void)dimension;
    (void)outputs;
    return SCRATCH;
}

static void raise(hil_real *place, hil_real base, uint32_t exponent)
{
    power result = power_of(1);
    for (power square = power_of(base); exponent > 0; exponent >>= 1) {
        if ((exponent & 1) != 0) {
            result = multiply(result, square);
        }
        square = multiply(square, square);
    }
    keep_power(place, result);
}

static void raise_all(hil_real *kept, const hil_real *parameters, uint32_t timestep)
{
    raise(kept + POWER_LAMBDA, parameters[LAMBDA], timestep);
    raise(kept + POWER_BETA1, parameters[BETA1], timestep);
    raise(kept + POWER_BETA2, parameters[BETA2], timestep);
    kept[KNOWN] = 1;
}

/* One exponent further; the new value. */
static double advance(hil_real *place, hil_real base)
{
    const power next = multiply(load_power(place), power_of(base));
    keep_power(place, next);
    return value_of(next);
}

static void start(const hil_state *state)
{
    hil_fill(state->arrays[W], state->dimension, 0);
    hil_fill(state->arrays[M], state->dimension, 0);
    hil_fill(state->arrays[V], state->dimension, 0);
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

    if (!(hil_dot(w, x, dimension) * y < 1)) { /* NaN, too, leaves the model as it is */
        return false;
    }
    hil_real *restrict m = state->arrays[M];
    hil_real *restrict v = state->arrays[V];
    uint32_t *timestep = state->arrays[TIMESTEP];
    const hil_real *parameters = state->parameters;
    const hil_real alpha = parameters[ALPHA], beta1 = parameters[BETA1], beta2 = parameters[BETA2];
    const hil_real epsilon = parameters[EPSILON];

    hil_real *kept = state->scratch;
    if (kept[KNOWN] == 0) {
        raise_all(kept, parameters, *timestep);
    }
    const hil_real decay = (hil_real)(value_of(load_power(kept + POWER_LAMBDA)) * beta1);
    advance(kept + POWER_LAMBDA, parameters[LAMBDA]);
    const hil_real mean_weight = (hil_real)(1 - advance(kept + POWER_BETA1, beta1));
    const hil_real square_weight = (hil_real)(1 - advance(kept + POWER_BETA2, beta2));
    *timestep += 1;
    for (size_t i = 0; i < dimension; i++) {
        const hil_real gradient = -y * x[i];
        m[i] = decay * m[i] + (1 - decay) * gradient;
        v[i] = beta2 * v[i] + (1 - beta2) * gradient * gradient;
        w[i] -= alpha * (m[i] / mean_weight) / (sqrt(v[i] / square_weight) + epsilon);
    }
    return true;
}

const hil_learner HIL_NAMED(adam) = {
    .name = "adam",
    .arithmetic = HIL_ARITHMETIC,
    .parameters = PARAMETERS,
    .parameter_count = sizeof PARAMETERS / sizeof PARAMETERS[0],
    .arrays = ARRAYS,
    .array_count = sizeof ARRAYS / sizeof ARRAYS[0],
    .tie = -1,
    .scratch = scratch,
    .start = start,
    .score = score,
    .train = train,
};
