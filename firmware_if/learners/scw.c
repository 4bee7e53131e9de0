/* arithmetics: flight f64 f32
 *
 * SCW-I, exact soft confidence-weighted learning, with a diagonal covariance.
 * Wang, Zhao, Hoi: Exact Soft Confidence-Weighted Learning, ICML 2012, proposition 1.
 *
 * What OPS-SAT-1 flew differs in three places: phi is the normal distribution at eta, not its inverse; alpha multiplies
 * by zeta where the paper divides; and gamma stands in u and beta where the paper has v.
 */
#include <tgmath.h>

#include "arithmetic.h"
#include "learner.h"
#include "linear.h"

enum { W, COV };
enum { C, ETA };
enum { PHI, SCRATCH };

static const hil_array ARRAYS[] = {
    [W] = {"w", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
    [COV] = {"cov", HIL_ARRAY_REAL, HIL_SHAPE_VECTOR},
};

static const hil_parameter PARAMETERS[] = {
    [C] = {"C", 1.0, 1e-6, 1e6, HIL_CONTINUOUS},
    [ETA] = {"eta", 0.95, 0.5, 0.999999, HIL_CONTINUOUS},
};

typedef struct {
    hil_real alpha; /* how far the weights go */
    hil_real beta;  /* how far the covariance shrinks */
} step;

/* phi comes from power series, not from erf() or log(), whose last bit differs from one C library to the next. */
#if defined(HIL_FLIGHT)
/* Standard normal distribution at eta, for 0 to 1 (Abramowitz and Stegun 26.2.10). At 0.95 it has the flown bits. */
static double phi_of(double eta)
{
    double sum = 0;
    for (int n = 16; n >= 0; n--) {
        sum = 1.0 / (2 * n + 1) - sum * (eta * eta / 2) / (n + 1);
    }
    return 0.5 + eta * sum * 0.3989422804014327; /* 1/sqrt(2*pi) */
}

/* False for NaN, too. */
static bool is_due(hil_real phi, hil_real v, hil_real margin)
{
    return phi * sqrt(v) - margin > 0;
}

static step solve(hil_real phi, hil_real v, hil_real margin, hil_real c)
{
    const hil_real m = margin;
    const hil_real psi = 1 + phi * phi / 2;
    const hil_real zeta = 1 + phi * phi;
    const hil_real fourth = phi * phi * phi * phi;
    const hil_real n = v + c / 2;
    const hil_real gamma = phi * sqrt(phi * phi * m * m * v * v + 4 * n * v * (n + v * phi * phi));
    const hil_real wanted = 1 / v * zeta * (-m * psi + sqrt(m * m * fourth / 4 + v * phi * phi * zeta));
    const hil_real positive = wanted > 0 ? wanted : 0;
    const hil_real alpha = positive < c ? positive : c;
    const hil_real root = -alpha * gamma * phi + sqrt(alpha * alpha * gamma * gamma * phi * phi + 4 * gamma);
    const hil_real u = root * root / 4;
    return (step){alpha, alpha * phi / (sqrt(u) + gamma * alpha * phi)};
}
#else
/* Where the standard normal distribution is eta, for 1/2 to 0.999999, by Newton's method. Distribution and density are
 * sums without a negative term (Abramowitz and Stegun 26.2.11). Above 1/2 the distribution bends down: from 0, every
 * step falls short, and the first one that leads no further up ends the search. */
static double phi_of(double eta)
{
    double x = 0;
    for (;;) {
        double sum = 1, exponential = 1;
        for (int n = 20 + (int)(3 * (x * x / 2)); n > 0; n--) { /* what further terms add is below 1e-17 */
            sum = 1 + sum * (x * x) / (2 * n + 1);
            exponential = 1 + exponential * (x * x) / (2 * n);
        }
        const double density = 0.3989422804014327 / exponential; /* 1/sqrt(2*pi) */
        const double next = x + (eta - 0.5 - x * sum * density) / density;
        if (!(next > x)) {
            return x;
        }
        x = next;
    }
}

/* A score without variance cannot be moved. False for NaN, too. */
static bool is_due(hil_real phi, hil_real v, hil_real margin)
{
    return v > 0 && phi * sqrt(v) - margin > 0;
}

static step solve(hil_real phi, hil_real v, hil_real margin, hil_real c)
{
    const hil_real m = margin;
    const hil_real square = phi * phi;
    const hil_real psi = 1 + square / 2;
    const hil_real zeta = 1 + square;
    const hil_real wanted = (sqrt(m * m * square * square / 4 + v * square * zeta) - m * psi) / (v * zeta);
    const hil_real positive = wanted > 0 ? wanted : 0;
    const hil_real alpha = positive < c ? positive : c;
    const hil_real drop = alpha * v * phi;
    const hil_real root = (sqrt(drop * drop + 4 * v) - drop) / 2; /* of u */
    return (step){alpha, alpha * phi / (root + drop)};
}
#endif

static size_t scratch(size_t dimension, size_t outputs)
{
    (void)dimension;
    (void)outputs;
    return SCRATCH;
}

/* phi is worked out once, and again after a load: it follows from eta alone. */
static hil_real known_phi(const hil_state *state)
{
    hil_real *known = state->scratch;
    if (known[PHI] == 0) {
        known[PHI] = (hil_real)phi_of((double)((const hil_real *)state->parameters)[ETA]);
    }
    return known[PHI];
}

static void start(const hil_state *state)
{
    (void)known_phi(state); /* now, not in the first step */
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
    const hil_real phi = known_phi(state);

    const hil_real v = hil_confidence(cov, x, dimension);
    const hil_real margin = hil_dot(w, x, dimension) * y;
    if (!is_due(phi, v, margin)) {
        return false;
    }
    const step by = solve(phi, v, margin, ((const hil_real *)state->parameters)[C]);
    hil_confident_step(w, cov, x, dimension, by.alpha * y, by.beta);
    return true;
}

const hil_learner HIL_NAMED(scw) = {
    .name = "scw",
    .arithmetic = HIL_ARITHMETIC,
    .parameters = PARAMETERS,
    .parameter_count = sizeof PARAMETERS / sizeof PARAMETERS[0],
    .arrays = ARRAYS,
    .array_count = sizeof ARRAYS / sizeof ARRAYS[0],
    .tie = 1,
    .scratch = scratch,
    .start = start,
    .score = score,
    .train = train,
};
