/* arithmetics: f64 f32
 * exports: polynomial_2 polynomial_3 polynomial_4 polynomial_5 polynomial_6
 *
 * All products of 1 to n channels, degree after degree and in lexicographic order within each: of a and b up to
 * degree 2 these are a, b, a*a, a*b, b*b. The order of scikit-learn's PolynomialFeatures(n, include_bias=False).
 */
#include <math.h>

#include "arithmetic.h"
#include "feature.h"

/* (inputs + degree) over degree, less 1 for the constant; 0: above HIL_MAX_FEATURES. */
static size_t count_monomials(size_t inputs, size_t degree)
{
    if (inputs > HIL_MAX_FEATURES) {
        return 0;
    }
    size_t count = 1; /* of all monomials up to degree k, the constant included */
    for (size_t k = 1; k <= degree; k++) {
        count = count * (inputs + k) / k;
        if (count > HIL_MAX_FEATURES + 1u) {
            return 0;
        }
    }
    return count - 1;
}

/* Channel i times those monomials of one degree less that begin with channel i or a later one: in lexicographic order
 * these are the last ones. */
static bool map_monomials(const float *values, size_t inputs, size_t degree, hil_real *x)
{
    bool finite = true;
    hil_real *next = x;
    for (size_t i = 0; i < inputs; i++) {
        *next++ = values[i];
    }
    size_t previous = inputs; /* monomials of degree k - 1 */
    for (size_t k = 2; k <= degree; k++) {
        const hil_real *const end = next;
        size_t suffix = previous; /* those without the channels before i: (inputs - i + k - 2) over (k - 1) */
        for (size_t i = 0; i < inputs; i++) {
            for (const hil_real *monomial = end - suffix; monomial < end; monomial++) {
                const hil_real product = x[i] * *monomial;
                finite = finite && isfinite(product);
                *next++ = product;
            }
            suffix = suffix * (inputs - i - 1) / (inputs - i + k - 2);
        }
        previous = (size_t)(next - end);
    }
    return finite;
}

#define POLYNOMIAL(degree)                                                                                             \
    static size_t dimension_##degree(size_t inputs)                                                                    \
    {                                                                                                                  \
        return count_monomials(inputs, degree);                                                                        \
    }                                                                                                                  \
    static bool map_##degree(const float *values, size_t inputs, void *x)                                              \
    {                                                                                                                  \
        return map_monomials(values, inputs, degree, x);                                                               \
    }                                                                                                                  \
    const hil_feature HIL_NAMED(polynomial_##degree) = {"polynomial-" #degree, HIL_ARITHMETIC, 0, dimension_##degree,  \
                                                        map_##degree}

POLYNOMIAL(2);
POLYNOMIAL(3);
POLYNOMIAL(4);
POLYNOMIAL(5);
POLYNOMIAL(6);
