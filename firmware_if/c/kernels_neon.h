/* Blocks of float32 vectors on Arm's NEON, four elements in one register.
 *
 * Each function works off blocks of 4 elements, moves the pointers behind them and returns how many elements are left:
 * 0 to 3. Sums are in an order of their own. On ARMv7 (Cortex-A9) NEON takes denormal numbers as 0 and gives 0 for
 * them, whatever FPSCR says: numbers below 1.2e-38 vanish. Included by linear.h for HIL_F32.
 */
#ifndef HIL_KERNELS_NEON_H
#define HIL_KERNELS_NEON_H

#include <arm_neon.h>
#include <stddef.h>

#define HIL_BLOCKS 1

/* Below so many features, one loop for score and variance costs less than two, even when the second is skipped. */
#define HIL_FEW 4u

static inline float hil_lanes(float32x4_t lanes)
{
    const float32x2_t halves = vadd_f32(vget_low_f32(lanes), vget_high_f32(lanes));
    return vget_lane_f32(vpadd_f32(halves, halves), 0);
}

/* *sum += w.x */
static inline size_t hil_dot_blocks(const float *restrict *w, const float *restrict *x, size_t count, float *sum)
{
    if (count >= 4) {
        float32x4_t lanes = vdupq_n_f32(0);
        for (size_t blocks = count / 4; blocks > 0; blocks--) {
            lanes = vmlaq_f32(lanes, vld1q_f32(*w), vld1q_f32(*x));
            *w += 4;
            *x += 4;
        }
        *sum += hil_lanes(lanes);
    }
    return count % 4;
}

/* *sum += sum of variance[i]*x[i]*x[i] */
static inline size_t hil_confidence_blocks(const float *restrict *variance, const float *restrict *x, size_t count, float *sum)
{
    if (count >= 4) {
        float32x4_t lanes = vdupq_n_f32(0);
        for (size_t blocks = count / 4; blocks > 0; blocks--) {
            const float32x4_t values = vld1q_f32(*x);
            lanes = vmlaq_f32(lanes, vmulq_f32(vld1q_f32(*variance), values), values);
            *variance += 4;
            *x += 4;
        }
        *sum += hil_lanes(lanes);
    }
    return count % 4;
}

/* t = variance*x; w += step*t; variance -= shrink*t*t */
static inline size_t hil_step_blocks(float *restrict *w, float *restrict *variance, const float *restrict *x, size_t count, float step,
                                     float shrink)
{
    for (size_t blocks = count / 4; blocks > 0; blocks--) {
        const float32x4_t before = vld1q_f32(*variance);
        const float32x4_t t = vmulq_f32(before, vld1q_f32(*x));
        vst1q_f32(*w, vmlaq_n_f32(vld1q_f32(*w), t, step));
        vst1q_f32(*variance, vmlsq_f32(before, vmulq_n_f32(t, shrink), t));
        *w += 4;
        *variance += 4;
        *x += 4;
    }
    return count % 4;
}

/* y += a*x */
static inline size_t hil_axpy_blocks(float *restrict *y, float a, const float *restrict *x, size_t count)
{
    for (size_t blocks = count / 4; blocks > 0; blocks--) {
        vst1q_f32(*y, vmlaq_n_f32(vld1q_f32(*y), vld1q_f32(*x), a));
        *y += 4;
        *x += 4;
    }
    return count % 4;
}

#endif
