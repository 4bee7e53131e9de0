/* Blocks of float32 vectors on a scalar floating-point unit with fused multiply-add (Cortex-M4F, M7, M33): one
 * instruction loads or stores as many registers as it names, which a compiler does not make of a loop by itself.
 *
 * Each function works off blocks of 8 and then of 2 elements, moves the pointers behind them and returns how many
 * elements are left: 0 or 1. Sums are in an order of their own. Included by linear.h for HIL_F32.
 */
#ifndef HIL_KERNELS_VFP_H
#define HIL_KERNELS_VFP_H

#include <stdbool.h>
#include <stddef.h>

#define HIL_BLOCKS 1
#define HIL_BOTH_BLOCKS 1

/* Below so many features, one loop for score and variance costs less than two, even when the second is skipped. */
#define HIL_FEW 8u

/* Blocks are in s16 to s31 and, where these are not enough, in s6 to s15. That memory is read and written through the
 * pointers, the compiler learns from the clobber "memory". */
#define HIL_S16_TO_S31                                                                                                 \
    "s16", "s17", "s18", "s19", "s20", "s21", "s22", "s23", "s24", "s25", "s26", "s27", "s28", "s29", "s30", "s31"
#define HIL_S6_TO_S15 "s6", "s7", "s8", "s9", "s10", "s11", "s12", "s13", "s14", "s15"

/* *sum += w.x; two sums side by side, since a core may start a multiplication before the last one has ended. */
static inline size_t hil_dot_blocks(const float *restrict *w, const float *restrict *x, size_t count, float *sum)
{
    float even = *sum;
    float odd = 0;
    for (size_t blocks = count / 8; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[w]!, {s16-s23}\n\t"
                         "vldmia %[x]!, {s24-s31}\n\t"
                         "vfma.f32 %[even], s16, s24\n\t"
                         "vfma.f32 %[odd], s17, s25\n\t"
                         "vfma.f32 %[even], s18, s26\n\t"
                         "vfma.f32 %[odd], s19, s27\n\t"
                         "vfma.f32 %[even], s20, s28\n\t"
                         "vfma.f32 %[odd], s21, s29\n\t"
                         "vfma.f32 %[even], s22, s30\n\t"
                         "vfma.f32 %[odd], s23, s31"
                         : [w] "+r"(*w), [x] "+r"(*x), [even] "+t"(even), [odd] "+t"(odd)
                         :
                         : HIL_S16_TO_S31, "memory");
    }
    for (size_t blocks = count % 8 / 2; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[w]!, {s16-s17}\n\t"
                         "vldmia %[x]!, {s18-s19}\n\t"
                         "vfma.f32 %[even], s16, s18\n\t"
                         "vfma.f32 %[odd], s17, s19"
                         : [w] "+r"(*w), [x] "+r"(*x), [even] "+t"(even), [odd] "+t"(odd)
                         :
                         : "s16", "s17", "s18", "s19", "memory");
    }
    *sum = even + odd;
    return count % 2;
}

/* *sum += sum of variance[i]*x[i]*x[i] */
static inline size_t hil_confidence_blocks(const float *restrict *variance, const float *restrict *x, size_t count, float *sum)
{
    float even = *sum;
    float odd = 0;
    for (size_t blocks = count / 8; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[variance]!, {s16-s23}\n\t"
                         "vldmia %[x]!, {s24-s31}\n\t"
                         "vmul.f32 s16, s16, s24\n\t"
                         "vmul.f32 s17, s17, s25\n\t"
                         "vmul.f32 s18, s18, s26\n\t"
                         "vmul.f32 s19, s19, s27\n\t"
                         "vmul.f32 s20, s20, s28\n\t"
                         "vmul.f32 s21, s21, s29\n\t"
                         "vmul.f32 s22, s22, s30\n\t"
                         "vmul.f32 s23, s23, s31\n\t"
                         "vfma.f32 %[even], s16, s24\n\t"
                         "vfma.f32 %[odd], s17, s25\n\t"
                         "vfma.f32 %[even], s18, s26\n\t"
                         "vfma.f32 %[odd], s19, s27\n\t"
                         "vfma.f32 %[even], s20, s28\n\t"
                         "vfma.f32 %[odd], s21, s29\n\t"
                         "vfma.f32 %[even], s22, s30\n\t"
                         "vfma.f32 %[odd], s23, s31"
                         : [variance] "+r"(*variance), [x] "+r"(*x), [even] "+t"(even), [odd] "+t"(odd)
                         :
                         : HIL_S16_TO_S31, "memory");
    }
    for (size_t blocks = count % 8 / 2; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[variance]!, {s16-s17}\n\t"
                         "vldmia %[x]!, {s18-s19}\n\t"
                         "vmul.f32 s16, s16, s18\n\t"
                         "vmul.f32 s17, s17, s19\n\t"
                         "vfma.f32 %[even], s16, s18\n\t"
                         "vfma.f32 %[odd], s17, s19"
                         : [variance] "+r"(*variance), [x] "+r"(*x), [even] "+t"(even), [odd] "+t"(odd)
                         :
                         : "s16", "s17", "s18", "s19", "memory");
    }
    *sum = even + odd;
    return count % 2;
}

/* Both of the above, for fewer than HIL_FEW elements. */
static inline size_t hil_both_blocks(const float *restrict *w, const float *restrict *variance, const float *restrict *x, size_t count, float *dot,
                                     float *confidence)
{
    for (size_t blocks = count / 2; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[w]!, {s16-s17}\n\t"
                         "vldmia %[variance]!, {s20-s21}\n\t"
                         "vldmia %[x]!, {s18-s19}\n\t"
                         "vfma.f32 %[dot], s16, s18\n\t"
                         "vmul.f32 s20, s20, s18\n\t"
                         "vmul.f32 s21, s21, s19\n\t"
                         "vfma.f32 %[dot], s17, s19\n\t"
                         "vfma.f32 %[confidence], s20, s18\n\t"
                         "vfma.f32 %[confidence], s21, s19"
                         : [w] "+r"(*w), [variance] "+r"(*variance), [x] "+r"(*x), [dot] "+t"(*dot),
                           [confidence] "+t"(*confidence)
                         :
                         : "s16", "s17", "s18", "s19", "s20", "s21", "memory");
    }
    return count % 2;
}

/* t = variance*x; w += step*t; variance -= shrink*t*t */
static inline size_t hil_step_blocks(float *restrict *w, float *restrict *variance, const float *restrict *x, size_t count, float step,
                                     float shrink)
{
    for (size_t blocks = count / 8; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[variance], {s16-s23}\n\t"
                         "vldmia %[x]!, {s24-s31}\n\t"
                         "vldmia %[w], {s8-s15}\n\t"
                         "vmul.f32 s24, s16, s24\n\t"
                         "vmul.f32 s25, s17, s25\n\t"
                         "vmul.f32 s26, s18, s26\n\t"
                         "vmul.f32 s27, s19, s27\n\t"
                         "vmul.f32 s28, s20, s28\n\t"
                         "vmul.f32 s29, s21, s29\n\t"
                         "vmul.f32 s30, s22, s30\n\t"
                         "vmul.f32 s31, s23, s31\n\t"
                         "vmul.f32 s6, %[shrink], s24\n\t"
                         "vmul.f32 s7, %[shrink], s25\n\t"
                         "vfma.f32 s8, %[step], s24\n\t"
                         "vfma.f32 s9, %[step], s25\n\t"
                         "vfms.f32 s16, s6, s24\n\t"
                         "vfms.f32 s17, s7, s25\n\t"
                         "vmul.f32 s6, %[shrink], s26\n\t"
                         "vmul.f32 s7, %[shrink], s27\n\t"
                         "vfma.f32 s10, %[step], s26\n\t"
                         "vfma.f32 s11, %[step], s27\n\t"
                         "vfms.f32 s18, s6, s26\n\t"
                         "vfms.f32 s19, s7, s27\n\t"
                         "vmul.f32 s6, %[shrink], s28\n\t"
                         "vmul.f32 s7, %[shrink], s29\n\t"
                         "vfma.f32 s12, %[step], s28\n\t"
                         "vfma.f32 s13, %[step], s29\n\t"
                         "vfms.f32 s20, s6, s28\n\t"
                         "vfms.f32 s21, s7, s29\n\t"
                         "vmul.f32 s6, %[shrink], s30\n\t"
                         "vmul.f32 s7, %[shrink], s31\n\t"
                         "vfma.f32 s14, %[step], s30\n\t"
                         "vfma.f32 s15, %[step], s31\n\t"
                         "vfms.f32 s22, s6, s30\n\t"
                         "vfms.f32 s23, s7, s31\n\t"
                         "vstmia %[w]!, {s8-s15}\n\t"
                         "vstmia %[variance]!, {s16-s23}"
                         : [w] "+r"(*w), [variance] "+r"(*variance), [x] "+r"(*x)
                         : [step] "t"(step), [shrink] "t"(shrink)
                         : HIL_S6_TO_S15, HIL_S16_TO_S31, "memory");
    }
    for (size_t blocks = count % 8 / 2; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[variance], {s16-s17}\n\t"
                         "vldmia %[x]!, {s24-s25}\n\t"
                         "vldmia %[w], {s18-s19}\n\t"
                         "vmul.f32 s24, s16, s24\n\t"
                         "vmul.f32 s25, s17, s25\n\t"
                         "vmul.f32 s20, %[shrink], s24\n\t"
                         "vmul.f32 s21, %[shrink], s25\n\t"
                         "vfma.f32 s18, %[step], s24\n\t"
                         "vfma.f32 s19, %[step], s25\n\t"
                         "vfms.f32 s16, s20, s24\n\t"
                         "vfms.f32 s17, s21, s25\n\t"
                         "vstmia %[w]!, {s18-s19}\n\t"
                         "vstmia %[variance]!, {s16-s17}"
                         : [w] "+r"(*w), [variance] "+r"(*variance), [x] "+r"(*x)
                         : [step] "t"(step), [shrink] "t"(shrink)
                         : "s16", "s17", "s18", "s19", "s20", "s21", "s24", "s25", "memory");
    }
    return count % 2;
}

/* y += a*x */
static inline size_t hil_axpy_blocks(float *restrict *y, float a, const float *restrict *x, size_t count)
{
    for (size_t blocks = count / 8; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[y], {s16-s23}\n\t"
                         "vldmia %[x]!, {s24-s31}\n\t"
                         "vfma.f32 s16, %[a], s24\n\t"
                         "vfma.f32 s17, %[a], s25\n\t"
                         "vfma.f32 s18, %[a], s26\n\t"
                         "vfma.f32 s19, %[a], s27\n\t"
                         "vfma.f32 s20, %[a], s28\n\t"
                         "vfma.f32 s21, %[a], s29\n\t"
                         "vfma.f32 s22, %[a], s30\n\t"
                         "vfma.f32 s23, %[a], s31\n\t"
                         "vstmia %[y]!, {s16-s23}"
                         : [y] "+r"(*y), [x] "+r"(*x)
                         : [a] "t"(a)
                         : HIL_S16_TO_S31, "memory");
    }
    for (size_t blocks = count % 8 / 2; blocks > 0; blocks--) {
        __asm__ volatile("vldmia %[y], {s16-s17}\n\t"
                         "vldmia %[x]!, {s18-s19}\n\t"
                         "vfma.f32 s16, %[a], s18\n\t"
                         "vfma.f32 s17, %[a], s19\n\t"
                         "vstmia %[y]!, {s16-s17}"
                         : [y] "+r"(*y), [x] "+r"(*x)
                         : [a] "t"(a)
                         : "s16", "s17", "s18", "s19", "memory");
    }
    return count % 2;
}

#endif
