/* A bank of models that learn from one stream. Models that use the same feature map on the same channels share it.
 * What the bank keeps of a model or a map lies in the arena beside its state: RAM is taken by the models that there are.
 *
 * All memory comes from the arena that the caller gives; nothing is ever freed but the whole bank.
 */
#ifndef HIL_BANK_H
#define HIL_BANK_H

#include "feature.h"
#include "learner.h"
#include "meter.h"
#include "wire.h"

#define HIL_BINARY 2u /* classes of a learner without train_batch: class 0 is label -1, class 1 is label +1 */
#define HIL_STEPS 3u  /* train, predict, feature: Operation values 1 to 3 */

/* Memory that the bank works in, both areas aligned to 8 bytes: models live in the arena, a data set in the data
 * region, which may be absent (0 bytes). */
typedef struct {
    uint8_t *arena;
    uint32_t arena_bytes;
    uint8_t *data;
    uint32_t data_bytes;
} hil_memory;

/* One feature map on its channels, worked out once per row for all models that use it. */
typedef struct {
    const hil_feature *feature;
    uint8_t *channels;
    size_t inputs;
    size_t dimension; /* of the map; with a bias x holds one constant more */
    bool bias;
    uint8_t index; /* in the bank */
    float *values;
    void *x;
    uint8_t *rows; /* hil_real[data set's capacity][dimension] in the data region, NULL: no data set is open */
} hil_mapping;

typedef struct {
    const hil_learner *learner;
    hil_mapping *mapping;
    hil_state state;
    uint8_t *memory; /* all state arrays, in the order of the learner's table */
    uint32_t state_bytes;
    uint32_t arena_bytes;
    uint32_t updates;
    struct hil_guard *guard; /* protect.h; NULL: a plain model */
    hil_sums sums[HIL_STEPS];
    uint8_t handle;     /* its number in the bank */
    uint8_t prediction; /* class, before the newest training step */
    bool updated;       /* by the newest training step */
    bool not_finite;    /* its score or loss was NaN or infinite once */
    bool not_finite_reported;
} hil_model;

/* What protections have seen and done since the bank was reset (protect.h). */
typedef struct {
    uint8_t guarded; /* models; 0: nothing of this is ever looked at */
    uint8_t stopped;
    uint8_t next_scrub;
    bool pending; /* there are events to be sent */
    uint32_t checks;
    uint32_t scrubs;
    uint32_t corrected;
    uint32_t corrupt;
    uint32_t out_of_range;
    uint32_t rolled_back;
    /* Brings a model's memory back from elsewhere and says how many rows that forgets; false: there is nothing. */
    bool (*reload)(void *context, hil_model *model, uint32_t *forgotten);
    void *reload_context;
} hil_protection;

typedef struct {
    hil_memory memory;
    uint32_t arena_used;
    hil_model *models[HIL_MAX_MODELS];
    uint8_t model_count;
    hil_mapping *mappings[HIL_MAX_MODELS];
    uint8_t mapping_count;
    uint8_t mode;     /* hil_mode_value */
    uint8_t channels; /* per sample, 0 = not configured */
    uint8_t class_count;
    int16_t classes[HIL_MAX_CLASSES];
    hil_sums dispatch;
    hil_sums link;
    hil_protection protection;
} hil_bank;

/* What a row cost, in counts. */
typedef struct {
    uint32_t train;
    uint32_t predict;
    uint32_t feature;
    uint32_t dispatch;
} hil_row_cost;

/* Why something was refused: code 0 = it was not. `number` is what the failure code's doc says. */
typedef struct {
    uint16_t code; /* hil_failure_code_value */
    uint32_t number;
} hil_refusal;

void hil_bank_open(hil_bank *bank, hil_memory memory);

/* Deletes all models, the stream's configuration and all sums. */
void hil_bank_reset(hil_bank *bank);

/* Adds a model; a refusal leaves the bank as it was. */
hil_refusal hil_bank_create(hil_bank *bank, const hil_create_model *request);

/* `count` bytes of the arena, aligned to 8; NULL when they are not left. */
void *hil_bank_allocate(hil_bank *bank, uint32_t count);

/* All that a model's training reads and writes, in one piece aligned to 8 bytes: parameters, state, scratch. */
uint8_t *hil_model_memory(const hil_model *model, uint32_t *count);

/* Trains every model on one row of finite values with label class 0 or 1 and says what it cost. False when a feature
 * overflowed: no model has seen the row then, and it cost nothing. */
bool hil_bank_train(hil_bank *bank, hil_meter *meter, const float *values, uint8_t class_index, hil_row_cost *cost);

/* Maps one row of finite values for scoring; finite[i] tells whether mapping i did not overflow. */
void hil_bank_map(hil_bank *bank, const float *values, bool finite[HIL_MAX_MODELS]);

/* NaN or infinite. */
static inline bool hil_not_finite(double score) {
    return !(score - score == 0.0);
}

/* After a load: what a learner works out from its state is worked out anew. */
void hil_model_clear_scratch(hil_model *model);

/* Class that the score of a model with one output stands for. */
uint8_t hil_model_class(const hil_model *model, double score);

/* Bits that hold any class of the configured ones. */
uint8_t hil_prediction_bits(const hil_bank *bank);

/* Values of hil_real's width in that arithmetic. */
uint32_t hil_real_bytes(const char *arithmetic);

/* The values that a mapping reads, in its order. */
void hil_gather_values(const hil_mapping *mapping, const float *values);

/* Bytes of one element of array `index` of the model's learner, and how many elements it has. */
uint32_t hil_array_element_bytes(const hil_learner *learner, size_t index);
uint32_t hil_array_elements(const hil_learner *learner, size_t index, const hil_state *state);

/* Wire value of an array's element type. */
uint8_t hil_array_wire_type(const hil_learner *learner, size_t index);

#endif
