#include "catalogue.h"

#include "feature.h"
#include "learner.h"
#include "bank.h"

static void send_entry(hil_link *link, const hil_catalogue_entry *entry) {
    hil_write_catalogue_entry(hil_link_begin(link, HIL_CATALOGUE_ENTRY_SERVICE, HIL_CATALOGUE_ENTRY_SUBTYPE), entry);
    (void)hil_link_end(link); /* 8 parameters and 5 arrays of the longest names fit */
}

static void send_learner(hil_link *link, const hil_learner *learner) {
    hil_parameter_info parameters[HIL_MAX_PARAMETERS];
    for (size_t i = 0; i < learner->parameter_count; i++) {
        const hil_parameter *p = &learner->parameters[i];
        parameters[i] = (hil_parameter_info){hil_text_of(p->name), p->initial, p->minimum, p->maximum,
                                             .whole = p->kind == HIL_WHOLE};
    }
    hil_array_info arrays[HIL_MAX_ARRAYS];
    for (size_t i = 0; i < learner->array_count; i++) {
        arrays[i] = (hil_array_info){.name = hil_text_of(learner->arrays[i].name),
                                     .type = hil_array_wire_type(learner, i),
                                     .shape = (uint8_t)learner->arrays[i].shape};
    }
    hil_catalogue_entry entry = {.entry = HIL_CATALOGUE_KIND_LEARNER,
                                 .name = hil_text_of(learner->name),
                                 .arithmetic = hil_text_of(learner->arithmetic),
                                 .tie = (int16_t)learner->tie,
                                 .mode = learner->train_batch != NULL ? HIL_MODE_BATCH : HIL_MODE_STREAM,
                                 .parameters = {.items = parameters, .count = (uint8_t)learner->parameter_count},
                                 .arrays = {.items = arrays, .count = (uint8_t)learner->array_count}};
    send_entry(link, &entry);
}

static void send_feature(hil_link *link, const hil_feature *feature) {
    hil_catalogue_entry entry = {.entry = HIL_CATALOGUE_KIND_FEATURES,
                                 .name = hil_text_of(feature->name),
                                 .arithmetic = hil_text_of(feature->arithmetic),
                                 .inputs = (uint8_t)feature->inputs};
    send_entry(link, &entry);
}

void hil_send_catalogue(hil_link *link) {
    for (const hil_learner *const *learner = hil_learners; *learner != NULL; learner++) {
        send_learner(link, *learner);
    }
    for (const hil_feature *const *feature = hil_features; *feature != NULL; feature++) {
        send_feature(link, *feature);
    }
}
