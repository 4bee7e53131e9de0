/* What linear learners share: sums and steps over features.
 *
 * flight and f64 go in index order, with one rounding per operation. f32 may add in another order and skip roundings,
 * and takes blocks where the core has wide loads (kernels_*.h); HIL_PLAIN_LOOPS leaves those out.
 */
#ifndef HIL_LINEAR_H
#define HIL_LINEAR_H

#include <stdbool.h>
#include <stddef.h>

#include "arithmetic.h"

#if defined(HIL_F32) && !defined(HIL_PLAIN_LOOPS)
#if defined(__ARM_NEON)
#include "kernels_neon.h"
#elif defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M' && defined(__ARM_FP) && defined(__ARM_FEATURE_FMA)
#include "kernels_vfp.h"
#endif
#endif

/* sum of w[i]*x[i]; both arrays hold `dimension` elements. */
static inline hil_real hil_dot(const hil_real *restrict w, const hil_real *restrict x, size_t dimension)
{
    hil_real sum = 0;
#if defined(HIL_BLOCKS)
    dimension = hil_dot_blocks(&w, &x, dimension, &sum);
#endif
    for (size_t i = 0; i < dimension; i++) {
        sum += w[i] * x[i];
    }
    return sum;
}

/* sum of (variance[i]*x[i])*x[i]: the variance of the score. */
static inline hil_real hil_confidence(const hil_real *restrict variance, const hil_real *restrict x, size_t dimension)
{
    hil_real sum = 0;
#if defined(HIL_BLOCKS)
    dimension = hil_confidence_blocks(&variance, &x, dimension, &sum);
#endif
    for (size_t i = 0; i < dimension; i++) {
        sum += variance[i] * x[i] * x[i];
    }
    return sum;
}

/* Whether hil_dot_and_confidence is the better choice for so many features: where both are wanted nearly always. */
static inline bool hil_are_few(size_t dimension)
{
#if defined(HIL_FEW)
    return dimension < HIL_FEW;
#else
    (void)dimension;
    return false;
#endif
}

/* hil_dot and, added to *confidence, hil_confidence, in one loop. */
static inline hil_real hil_dot_and_confidence(const hil_real *restrict w, const hil_real *restrict variance,
                                              const hil_real *restrict x, size_t dimension,
                                              hil_real *restrict confidence)
{
    hil_real dot = 0;
    hil_real sum = *confidence;
#if defined(HIL_BOTH_BLOCKS)
    dimension = hil_both_blocks(&w, &variance, &x, dimension, &dot, &sum);
#endif
    for (size_t i = 0; i < dimension; i++) {
        dot += w[i] * x[i];
        sum += variance[i] * x[i] * x[i];
    }
    *confidence = sum;
    return dot;
}

/* The step of a learner that keeps a variance for each weight: with t = variance[i]*x[i], w[i] += step*t and
 * variance[i] -= (shrink*t)*t. All arrays hold `dimension` elements. */
static inline void hil_confident_step(hil_real *restrict w, hil_real *restrict variance, const hil_real *restrict x,
                                      size_t dimension, hil_real step, hil_real shrink)
{
#if defined(HIL_BLOCKS)
    dimension = hil_step_blocks(&w, &variance, &x, dimension, step, shrink);
#endif
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
#if defined(HIL_BLOCKS)
    count = hil_axpy_blocks(&y, a, &x, count);
#endif
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
