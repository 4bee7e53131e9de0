/* arithmetics: flight
 * exports: orbitai_1d orbitai_2d orbitai_3d orbitai_5d
 *
 * The four feature maps that flew on OPS-SAT-1. There the values passed through decimal text on their way to the
 * trainer: six significant digits for a photodiode angle and its powers, six decimals for five angles.
 */
#include <math.h>

#include "arithmetic.h"
#include "feature.h"

#define ONE 45 /* POWERS[ONE + e] is 10^e */
#define DIGITS 6

/* 1e-45 lies below the smallest float32 and 1e39 above the largest; one of that size needs up to 10^50 as its scale. */
static const double POWERS[] = {
    1e-45, 1e-44, 1e-43, 1e-42, 1e-41, 1e-40, 1e-39, 1e-38, 1e-37, 1e-36, 1e-35, 1e-34,
    1e-33, 1e-32, 1e-31, 1e-30, 1e-29, 1e-28, 1e-27, 1e-26, 1e-25, 1e-24, 1e-23, 1e-22,
    1e-21, 1e-20, 1e-19, 1e-18, 1e-17, 1e-16, 1e-15, 1e-14, 1e-13, 1e-12, 1e-11, 1e-10,
    1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1e0, 1e1, 1e2,
    1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14,
    1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22, 1e23, 1e24, 1e25, 1e26,
    1e27, 1e28, 1e29, 1e30, 1e31, 1e32, 1e33, 1e34, 1e35, 1e36, 1e37, 1e38,
    1e39, 1e40, 1e41, 1e42, 1e43, 1e44, 1e45, 1e46, 1e47, 1e48, 1e49, 1e50,
};

/* Nearest integer, half to even, sign kept. Adding 2^52 leaves no bits for a fraction, so the addition itself rounds:
 * one instruction where the core has none for it (Cortex-A9) and a library call would be needed. */
static double nearest_integer(double value)
{
    const double two52 = 4503599627370496.0;
    const double magnitude = fabs(value);
    if (!(magnitude < two52)) {
        return value;
    }
    const double integer = (magnitude + two52) - two52;
    return signbit(value) ? -integer : integer;
}

/* What printing with six significant digits and reading back makes of a value; infinity stays. */
static double six_digits(float value)
{
    const double exact = (double)value;
    const double magnitude = fabs(exact);
    size_t decade = ONE; /* POWERS[decade] <= magnitude < POWERS[decade + 1] in the end: exact, where log10 is not */
    if (!isfinite(exact)) {
        return exact;
    }
    if (magnitude == 0) {
        return 0;
    }
    while (magnitude < POWERS[decade]) {
        decade--;
    }
    while (magnitude >= POWERS[decade + 1]) {
        decade++;
    }
    const double scale = POWERS[ONE + DIGITS - 1 + ONE - decade];
    return nearest_integer(exact * scale) / scale;
}

/* Writes the first `count` powers of the angle; the powers are float32, as they were on board. */
static bool powers(float angle, size_t count, hil_real *x)
{
    float power = angle;
    x[0] = six_digits(power);
    for (size_t i = 1; i < count; i++) {
        power *= angle;
        x[i] = six_digits(power);
    }
    return isfinite(power);
}

static size_t one(size_t inputs)
{
    (void)inputs;
    return 1;
}

static size_t two(size_t inputs)
{
    (void)inputs;
    return 2;
}

static size_t three(size_t inputs)
{
    (void)inputs;
    return 3;
}

static size_t five(size_t inputs)
{
    (void)inputs;
    return 5;
}

static bool map_1d(const float *values, size_t inputs, void *x)
{
    (void)inputs;
    return powers(values[0], 1, x);
}

static bool map_2d(const float *values, size_t inputs, void *x)
{
    (void)inputs;
    return powers(values[0], 2, x);
}

static bool map_3d(const float *values, size_t inputs, void *x)
{
    (void)inputs;
    return powers(values[0], 3, x);
}

static bool map_5d(const float *values, size_t inputs, void *x)
{
    const double millionths = 1e6;
    hil_real *angles = x;
    (void)inputs;
    for (size_t i = 0; i < 5; i++) {
        angles[i] = nearest_integer((double)values[i] * millionths) / millionths;
    }
    return true;
}

const hil_feature HIL_NAMED(orbitai_1d) = {"orbitai-1d", HIL_ARITHMETIC, 1, one, map_1d};
const hil_feature HIL_NAMED(orbitai_2d) = {"orbitai-2d", HIL_ARITHMETIC, 1, two, map_2d};
const hil_feature HIL_NAMED(orbitai_3d) = {"orbitai-3d", HIL_ARITHMETIC, 1, three, map_3d};
const hil_feature HIL_NAMED(orbitai_5d) = {"orbitai-5d", HIL_ARITHMETIC, 5, five, map_5d};
