/* Guards in batch mode: every single upset of a guarded logistic model between two epochs, in each copy of its memory,
 * and a value out of range. Prints what became of them; test_batch_guard.py says what it must be.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataset.h"
#include "protect.h"

#define ROWS 12u
#define CHANNELS 3u
#define EPOCHS 3u

extern const hil_learner logistic_f32;
extern const hil_feature identity_f32;
const hil_learner *const hil_learners[] = {&logistic_f32, NULL};
const hil_feature *const hil_features[] = {&identity_f32, NULL};

static uint32_t ticks(void *context) {
    return (*(uint32_t *)context)++;
}

/* A bank with one model and its data set. */
typedef struct {
    _Alignas(8) uint8_t arena[8192];
    _Alignas(8) uint8_t region[4096];
    uint32_t now;
    hil_port port;
    hil_meter meter;
    hil_bank bank;
    hil_dataset data;
} trainer;

static void demand(bool sound, const char *what) {
    if (!sound) {
        (void)fprintf(stderr, "%s\n", what);
        exit(1);
    }
}

static hil_model *model_of(trainer *self) {
    return self->bank.models[0];
}

static void store_rows(trainer *self) {
    for (uint32_t row = 0; row < ROWS; row++) {
        hil_row_cost cost;
        const float values[CHANNELS] = {(float)row - 5.5f, (float)(row * 7u % 5u), 1.0f / (1.0f + (float)row)};
        demand(hil_dataset_store(&self->data, &self->bank, &self->meter, values, row > 5u, &cost), "no row was stored");
    }
}

/* As it comes over the line, where its hyperparameters are read from. */
static void create(hil_bank *bank) {
    static const hil_hyperparameter FIVE = {.name = {"batch", 5}, .value = 5};
    const uint8_t channels[CHANNELS] = {0, 1, 2};
    const hil_create_model made = {.learner = {"logistic", 8},
                                   .features = {"identity", 8},
                                   .arithmetic = {"f32", 3},
                                   .channels = {channels, CHANNELS},
                                   .hyperparameters = {.items = &FIVE, .count = 1}};
    uint8_t bytes[64];
    hil_writer writer = hil_writer_over(bytes, sizeof bytes);
    hil_write_create_model(&writer, &made);
    hil_reader reader = hil_reader_over(bytes, writer.count);
    hil_create_model request;
    hil_read_create_model(&reader, &request);
    demand(!reader.failed && hil_bank_create(bank, &request).code == 0, "no model");
}

static void make(trainer *self, const hil_protect_model *protection) {
    memset(self, 0, sizeof *self);
    self->port = (hil_port){.context = &self->now,
                            .ticks = ticks,
                            .mask = hil_mask_nothing,
                            .unmask = hil_unmask_nothing,
                            .interrupts = hil_no_interrupts};
    hil_meter_open(&self->meter, &self->port);
    hil_bank_open(&self->bank, (hil_memory){self->arena, sizeof self->arena, self->region, sizeof self->region});
    self->bank.channels = CHANNELS;
    self->bank.mode = HIL_MODE_BATCH;
    self->bank.class_count = 2;
    create(&self->bank);
    demand(protection == NULL || hil_protect(&self->bank, protection).code == 0, "no protection");
    demand(hil_dataset_open(&self->data, &self->bank, ROWS).code == 0, "no data set");
    store_rows(self);
}

/* As TrainEpoch does it; false where the model trains no more. */
static bool train(trainer *self, uint16_t epoch) {
    hil_model *model = model_of(self);
    hil_protect_begin(&self->bank, &self->meter, model);
    if (hil_is_stopped(model)) {
        return false;
    }
    const hil_epoch trained = hil_dataset_train(&self->data, model, &self->meter, epoch);
    model->updated = trained.steps > 0;
    hil_protect_end(&self->bank, &self->meter, model, self->data.count);
    return true;
}

typedef struct {
    unsigned upsets;
    unsigned corrected;
    unsigned corrupt;
    unsigned rolled_back;
    unsigned stopped;
    unsigned alike; /* ends with the state and the updates of a model that nothing happened to */
} tally;

static bool alike(trainer *self, trainer *other) {
    const hil_model *model = model_of(self);
    return model->updates == model_of(other)->updates &&
           memcmp(model->memory, model_of(other)->memory, model->state_bytes) == 0;
}

static void add(tally *count, trainer *self, trainer *sound) {
    const hil_protection *seen = &self->bank.protection;
    count->upsets++;
    count->corrected += seen->corrected;
    count->corrupt += seen->corrupt;
    count->rolled_back += seen->rolled_back;
    count->stopped += seen->stopped;
    count->alike += alike(self, sound);
}

static void upset_every_bit(const hil_protect_model *protection) {
    static trainer sound;
    static trainer hit;
    make(&sound, NULL);
    for (uint16_t epoch = 0; epoch < EPOCHS; epoch++) {
        demand(train(&sound, epoch), "a plain model was stopped");
    }
    make(&hit, protection);
    const uint32_t bits = 8u * model_of(&hit)->guard->bytes;
    tally count = {0};
    for (unsigned copy = 0; copy < protection->copies; copy++) {
        for (uint32_t bit = 0; bit < bits; bit++) {
            make(&hit, protection);
            hil_guard *guard = model_of(&hit)->guard;
            uint8_t *memory = copy == 0 ? guard->memory : guard->copies[copy - 1u];
            demand(train(&hit, 0), "stopped before anything happened");
            memory[bit / 8u] = (uint8_t)(memory[bit / 8u] ^ 1u << bit % 8u);
            for (uint16_t epoch = 1; epoch < EPOCHS && train(&hit, epoch); epoch++) {
            }
            add(&count, &hit, &sound);
        }
    }
    printf("upset %u %u %u: %u %u %u %u %u %u\n", protection->copies, protection->checksum, protection->action, count.upsets,
           count.corrected, count.corrupt, count.rolled_back, count.stopped, count.alike);
}

/* Every upset of the parameters of a model that nothing guards: no epoch goes on for ever. */
static void upset_parameters(void) {
    static trainer hit;
    unsigned ended = 0;
    make(&hit, NULL);
    const uint32_t bits = 8u * (uint32_t)(model_of(&hit)->memory - (const uint8_t *)model_of(&hit)->state.parameters);
    for (uint32_t bit = 0; bit < bits; bit++) {
        make(&hit, NULL);
        uint32_t bytes;
        uint8_t *memory = hil_model_memory(model_of(&hit), &bytes);
        memory[bit / 8u] = (uint8_t)(memory[bit / 8u] ^ 1u << bit % 8u);
        ended += train(&hit, 0);
    }
    printf("plain %u: %u\n", bits, ended);
}

/* A weight that is out of range after the second epoch, though no upset of the memory tells: it stands in all copies. */
static void leave_the_range(uint8_t copies, uint8_t action) {
    static trainer hit;
    static uint8_t before[512];
    const hil_protect_model protection = {.copies = copies, .range = 1, .bound = 100.0, .action = action};
    make(&hit, &protection);
    hil_model *model = model_of(&hit);
    demand(train(&hit, 0), "stopped before anything happened");
    const float wild = 1e30f;
    memcpy(model->memory, &wild, sizeof wild);
    hil_protect_accept(&hit.bank, model);
    memcpy(before, model->memory, model->state_bytes);
    const uint32_t updates = model->updates;
    demand(train(&hit, 1), "stopped before it trained");
    const hil_protection seen = hit.bank.protection;
    const bool is_back = memcmp(before, model->memory, model->state_bytes) == 0;
    const uint32_t more = model->updates - updates;
    printf("range %u %u: %u %u %u, forgot %u, went back %d, updates %u, ", copies, action, seen.out_of_range,
           seen.rolled_back, seen.stopped, model->guard->forgotten, is_back, more);
    printf("trains on %d\n", train(&hit, 2));
}

int main(void) {
    static const hil_protect_model KINDS[] = {
        {.copies = 3, .action = HIL_FAULT_ACTION_ROLL_BACK},
        {.copies = 3, .checksum = 1, .action = HIL_FAULT_ACTION_STOP},
        {.copies = 2, .checksum = 1, .action = HIL_FAULT_ACTION_ROLL_BACK},
        {.copies = 2, .action = HIL_FAULT_ACTION_ROLL_BACK},
        {.copies = 2, .action = HIL_FAULT_ACTION_STOP},
        {.copies = 1, .checksum = 1, .action = HIL_FAULT_ACTION_STOP},
        {.copies = 1, .checksum = 1, .action = HIL_FAULT_ACTION_COUNT},
    };
    for (size_t kind = 0; kind < sizeof KINDS / sizeof KINDS[0]; kind++) {
        upset_every_bit(&KINDS[kind]);
    }
    upset_parameters();
    for (uint8_t action = HIL_FAULT_ACTION_COUNT; action <= HIL_FAULT_ACTION_STOP; action++) {
        leave_the_range(1, action);
        leave_the_range(2, action);
    }
    return 0;
}
