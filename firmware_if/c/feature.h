/* A feature map: sample values (float32, as they travelled) to the features that a learner trains on.
 *
 * A source under features/ is compiled once for each arithmetic that its `arithmetics:` line names, as learners
 * are, and exports one or more constants `const hil_feature HIL_NAMED(...)`, one for each map in its `exports:` line.
 */
#ifndef HIL_FEATURE_H
#define HIL_FEATURE_H

#include <stddef.h>
#include <stdint.h>

typedef struct {
    const char *name;
    const char *arithmetic;
    size_t inputs; /* channels that the map reads; 0: any number */

    /* Number of features for that many inputs. */
    size_t (*dimension)(size_t inputs);

    /* Writes hil_real[dimension(inputs)] from inputs finite values. */
    void (*map)(const float *values, size_t inputs, void *x);
} hil_feature;

/* Every feature map that was linked in, ended by NULL; written by the build from the sources under features/. */
extern const hil_feature *const hil_features[];

#endif
