/* The learners and feature maps that this payload has: its own, and those that it takes from firmware_if. */
#include <stddef.h>

#include "feature.h"
#include "learner.h"

extern const hil_learner arow_f32;
extern const hil_learner margin_perceptron_f64;
extern const hil_feature identity_f32;
extern const hil_feature identity_f64;

const hil_learner *const hil_learners[] = {&arow_f32, &margin_perceptron_f64, NULL};
const hil_feature *const hil_features[] = {&identity_f32, &identity_f64, NULL};
