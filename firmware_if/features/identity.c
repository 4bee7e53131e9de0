/* arithmetics: flight f64 f32
 *
 * The values themselves, any number of them.
 */
#include "arithmetic.h"
#include "feature.h"

static size_t dimension(size_t inputs)
{
    return inputs;
}

static bool map(const float *values, size_t inputs, void *x)
{
    hil_real *features = x;
    for (size_t i = 0; i < inputs; i++) {
        features[i] = values[i];
    }
    return true;
}

const hil_feature HIL_NAMED(identity) = {"identity", HIL_ARITHMETIC, 0, dimension, map};
