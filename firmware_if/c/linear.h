/* What linear learners share: sums over features in index order, one rounding per operation. */
#ifndef HIL_LINEAR_H
#define HIL_LINEAR_H

#include <stddef.h>

#include "arithmetic.h"

/* sum of w[i]*x[i] from i = 0; both arrays hold `dimension` elements. */
static inline hil_real hil_dot(const hil_real *restrict w, const hil_real *restrict x, size_t dimension)
{
    hil_real sum = 0;
    for (size_t i = 0; i < dimension; i++) {
        sum += w[i] * x[i];
    }
    return sum;
}

/* sum of (variance[i]*x[i])*x[i] from i = 0: the variance of the score. */
static inline hil_real hil_confidence(const hil_real *restrict variance, const hil_real *restrict x, size_t dimension)
{
    hil_real sum = 0;
    for (size_t i = 0; i < dimension; i++) {
        sum += variance[i] * x[i] * x[i];
    }
    return sum;
}

/* The step of a learner that keeps a variance for each weight: with t = variance[i]*x[i], w[i] += step*t and
 * variance[i] -= (shrink*t)*t. All arrays hold `dimension` elements. */
static inline void hil_confident_step(hil_real *restrict w, hil_real *restrict variance, const hil_real *restrict x,
                                      size_t dimension, hil_real step, hil_real shrink)
{
    for (size_t i = 0; i < dimension; i++) {
        const hil_real before = variance[i];
        const hil_real t = before * x[i];
        w[i] += step * t;
        variance[i] = before - shrink * t * t;
    }
}

/* y[i] += a*x[i]; both arrays hold `count` elements. */
static inline void hil_axpy(hil_real *restrict y, hil_real a, const hil_real *restrict x, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        y[i] += a * x[i];
    }
}

static inline void hil_fill(hil_real *restrict values, size_t dimension, hil_real value)
{
    for (size_t i = 0; i < dimension; i++) {
        values[i] = value;
    }
}

#endif
