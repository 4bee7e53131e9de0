/* A feature map: sample values (float32, as they travelled) to the features that a learner trains on.
 *
 * A source under features/ is compiled once for each arithmetic that its `arithmetics:` line names, as learners
 * are, and exports one constant `const hil_feature HIL_NAMED(...)` for each map in its `exports:` line (a source
 * without that line exports its stem). Nothing here is called from an interrupt handler.
 */
#ifndef HIL_FEATURE_H
#define HIL_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire.h" /* HIL_MAX_FEATURES: a map of more is refused */

typedef struct {
    const char *name;
    const char *arithmetic;
    size_t inputs; /* channels that the map reads; 0: any number */

    /* Number of features for that many inputs, at least 1 when inputs is; 0: more than HIL_MAX_FEATURES. */
    size_t (*dimension)(size_t inputs);

    /* Writes hil_real[dimension(inputs)] from inputs finite values. False when a feature overflowed to infinity:
     * such a sample must not reach a learner. */
    bool (*map)(const float *values, size_t inputs, void *x);
} hil_feature;

/* Every feature map that was linked in, sorted by symbol and ended by NULL; registry.mk writes it from the sources. */
extern const hil_feature *const hil_features[];

#endif
