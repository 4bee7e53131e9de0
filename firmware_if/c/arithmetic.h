/* The arithmetic that a learner or feature map is being compiled for. The build (registry.mk) defines exactly one of
 * HIL_FLIGHT, HIL_F64 and HIL_F32 together with its flags:
 *   flight  IEEE double exactly as OPS-SAT-1 flew, quirks included   -ffp-contract=off  -fno-math-errno
 *   f64     textbook formulas in IEEE double                         -ffp-contract=off  -fno-math-errno
 *   f32     textbook formulas in IEEE single, sums in any order      -ffp-contract=fast -fno-math-errno
 * On ARMv7 cores with NEON, f32 takes denormal numbers (below 1.2e-38) as 0: see kernels_neon.h.
 * -fno-math-errno changes no value; it lets a square root be one instruction.
 */
#ifndef HIL_ARITHMETIC_H
#define HIL_ARITHMETIC_H

#include <float.h>

#if defined(HIL_FLIGHT)
typedef double hil_real;
#define HIL_ARITHMETIC "flight"
#define HIL_NAMED(stem) stem##_flight
#elif defined(HIL_F64)
typedef double hil_real;
#define HIL_ARITHMETIC "f64"
#define HIL_NAMED(stem) stem##_f64
#elif defined(HIL_F32)
typedef float hil_real;
#define HIL_ARITHMETIC "f32"
#define HIL_NAMED(stem) stem##_f32
#else
#error "define HIL_FLIGHT, HIL_F64 or HIL_F32"
#endif

#if defined(__FAST_MATH__) || (defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__)
#error "fast-math reorders sums and deletes guards against NaN: leave it off"
#endif
#if !defined(HIL_F32) && FLT_EVAL_METHOD != 0
#error "this target keeps extra digits between operations: results would differ from the reference"
#endif

#endif
