/* arithmetics: f64 f32
 *
 * Logistic regression by mini-batch Adam: one linear layer, for two classes with a sigmoid and binary cross-entropy,
 * for more with a softmax and cross-entropy. Kingma, Ba: Adam, ICLR 2015, algorithm 1, with epsilon outside the root.
 */
#include <math.h>

#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W, B, M, V, TIMESTEP };
enum { LR, BETA1, BETA2, EPSILON, BATCH, SEED };

#if defined(HIL_F32)
#define EXP expf
#define LOG1P log1pf
#define SQRT sqrtf
#define FABS fabsf
#else
#define EXP exp
#define LOG1P log1p
#define SQRT sqrt
#define FABS fabs
#endif

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_MATRIX},
    [B] = {"b", HIL_ARRAY_REAL, HIL_SHAPE_OUTPUTS},
    [M] = {"m", HIL_ARRAY_REAL, HIL_SHAPE_AFFINE},
    [V] = {"v", HIL_ARRAY_REAL, HIL_SHAPE_AFFINE},
    [TIMESTEP] = {"timestep", HIL_ARRAY_U32, HIL_SHAPE_SCALAR},
};

static const hil_parameter PARAMETERS[] = {
    [LR] = {"lr", 0.02, 1e-6, 10, HIL_CONTINUOUS},
    [BETA1] = {"beta1", 0.9, 0, 0.9999, HIL_CONTINUOUS},
    [BETA2] = {"beta2", 0.999, 0, 0.999999, HIL_CONTINUOUS},
    [EPSILON] = {"epsilon", 1e-8, 1e-12, 1, HIL_CONTINUOUS},
    [BATCH] = {"batch", 32, 1, 65535, HIL_WHOLE},
    [SEED] = {"seed", 0, 0, 65535, HIL_WHOLE},
};

/* Working memory: the gradient of every parameter (as AFFINE), then the scores of one row. */
static size_t scratch(size_t dimension, size_t outputs)
{
    return outputs * (dimension + 1) + outputs;
}

static void start(const hil_state *state)
{
    const size_t weights = state->outputs * state->dimension;
    hil_fill(state->arrays[W], weights, 0);
    hil_fill(state->arrays[B], state->outputs, 0);
    hil_fill(state->arrays[M], weights + state->outputs, 0);
    hil_fill(state->arrays[V], weights + state->outputs, 0);
    *(uint32_t *)state->arrays[TIMESTEP] = 0;
}

static hil_real linear(const hil_state *state, const hil_real *x, size_t output)
{
    const hil_real *w = state->arrays[W];
    const hil_real *b = state->arrays[B];
    return hil_dot(w + output * state->dimension, x, state->dimension) + b[output];
}

static double score(const hil_state *state, const void *features, size_t output)
{
    return (double)linear(state, features, output);
}

/* Binary cross-entropy of a score, and in `error` its derivative. No exponential of a positive number: none overflows.
 * The probability of the other class is no difference: near 0 it keeps its digits. */
static hil_real sigmoid_loss(hil_real s, bool positive, hil_real *error)
{
    const hil_real e = EXP(-FABS(s));
    const hil_real larger = 1 / (1 + e);
    const hil_real smaller = e / (1 + e);
    const hil_real wrong = positive ? -s : s; /* how far it leans to the other class */
    const hil_real other = wrong < 0 ? smaller : larger;
    *error = positive ? -other : other;
    return (wrong > 0 ? wrong : 0) + LOG1P(e);
}

static size_t largest(const hil_real *values, size_t count)
{
    size_t best = 0;
    for (size_t k = 1; k < count; k++) {
        best = values[k] > values[best] ? k : best;
    }
    return best;
}

/* Cross-entropy of the scores in `errors`, which become its derivatives. What the best class leaves to the others, and
 * the own class, is summed up and no difference from 1: near 0 it keeps its digits. */
static hil_real softmax_loss(hil_real *errors, size_t outputs, size_t class_index)
{
    const size_t best = largest(errors, outputs);
    const hil_real highest = errors[best];
    const hil_real own = errors[class_index] - highest;
    hil_real beside_best = 0;
    hil_real beside_own = 0;
    for (size_t k = 0; k < outputs; k++) {
        errors[k] = EXP(errors[k] - highest);
        beside_best += k == best ? 0 : errors[k];
        beside_own += k == class_index ? 0 : errors[k];
    }
    const hil_real sum = 1 + beside_best;
    for (size_t k = 0; k < outputs; k++) {
        errors[k] = (k == class_index ? -beside_own : errors[k]) / sum;
    }
    return LOG1P(beside_best) - own;
}

/* Adds one row's derivatives to the gradient; the row's loss. */
static hil_real add_gradient(const hil_state *state, const hil_real *x, size_t class_index)
{
    const size_t dimension = state->dimension;
    const size_t outputs = state->outputs;
    hil_real *gradient = state->scratch;
    hil_real *errors = gradient + outputs * (dimension + 1);
    hil_real loss;
    for (size_t k = 0; k < outputs; k++) {
        errors[k] = linear(state, x, k);
    }
    if (outputs == 1) {
        loss = sigmoid_loss(errors[0], class_index != 0, &errors[0]);
    } else {
        loss = softmax_loss(errors, outputs, class_index);
    }
    for (size_t k = 0; k < outputs; k++) {
        hil_axpy(gradient + k * dimension, errors[k], x, dimension);
        gradient[outputs * dimension + k] += errors[k];
    }
    return loss;
}

/* base to a whole power, by squaring. */
static double power(double base, uint32_t exponent)
{
    double result = 1;
    for (; exponent != 0; exponent >>= 1) {
        if ((exponent & 1u) != 0) {
            result *= base;
        }
        base *= base;
    }
    return result;
}

typedef struct {
    hil_real beta1;
    hil_real beta2;
    hil_real epsilon;
    hil_real rate;    /* of the step, first moment's correction included */
    hil_real unbias2; /* second moment's correction */
    hil_real scale;   /* of a summed gradient: 1 / rows */
} adam;

static void adam_step(const adam *step, hil_real *restrict w, hil_real *restrict m, hil_real *restrict v,
                      hil_real *restrict gradient, size_t count)
{
    const adam a = *step;
    for (size_t i = 0; i < count; i++) {
        const hil_real g = gradient[i] * a.scale;
        gradient[i] = 0;
        m[i] = a.beta1 * m[i] + (1 - a.beta1) * g;
        v[i] = a.beta2 * v[i] + (1 - a.beta2) * g * g;
        w[i] -= a.rate * m[i] / (SQRT(v[i] * a.unbias2) + a.epsilon);
    }
}

static double train_batch(const hil_state *state, const hil_batch *batch)
{
    const hil_real *parameters = state->parameters;
    const hil_real *x = batch->x;
    uint32_t *timestep = state->arrays[TIMESTEP];
    const size_t weights = state->outputs * state->dimension;
    hil_real *gradient = state->scratch; /* all zero between calls */
    double loss = 0; /* in single a sum of thousands of rows would lose its fourth digit */

    for (size_t i = 0; i < batch->count; i++) {
        const size_t row = batch->rows[i];
        loss += (double)add_gradient(state, x + row * state->dimension, batch->classes[row]);
    }
    const uint32_t t = *timestep + 1;
    *timestep = t;
    const adam step = {.beta1 = parameters[BETA1],
                       .beta2 = parameters[BETA2],
                       .epsilon = parameters[EPSILON],
                       .rate = (hil_real)((double)parameters[LR] / (1 - power((double)parameters[BETA1], t))),
                       .unbias2 = (hil_real)(1 / (1 - power((double)parameters[BETA2], t))),
                       .scale = 1 / (hil_real)batch->count};
    hil_real *m = state->arrays[M];
    hil_real *v = state->arrays[V];
    adam_step(&step, state->arrays[W], m, v, gradient, weights);
    adam_step(&step, state->arrays[B], m + weights, v + weights, gradient + weights, state->outputs);
    return loss / (double)batch->count;
}

const hil_learner HIL_NAMED(logistic) = {
    .name = "logistic",
    .arithmetic = HIL_ARITHMETIC,
    .parameters = PARAMETERS,
    .parameter_count = sizeof PARAMETERS / sizeof PARAMETERS[0],
    .arrays = ARRAYS,
    .array_count = sizeof ARRAYS / sizeof ARRAYS[0],
    .tie = -1,
    .batch_parameter = BATCH,
    .seed_parameter = SEED,
    .scratch = scratch,
    .start = start,
    .score = score,
    .train_batch = train_batch,
};
