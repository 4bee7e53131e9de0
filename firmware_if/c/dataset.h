/* Batch mode: rows are mapped as they arrive and kept in the data region; models train on them epoch by epoch.
 *
 * The region holds a class per row, an order of the rows, and for each feature map of the bank all rows as its models
 * read them, so that an epoch does nothing but train.
 */
#ifndef HIL_DATASET_H
#define HIL_DATASET_H

#include "bank.h"
#include "meter.h"

typedef struct {
    uint32_t capacity; /* rows; 0: not open */
    uint32_t count;    /* rows held */
    uint32_t used_bytes;
    uint8_t *classes;
    uint16_t *order;
} hil_dataset;

/* What an epoch did to one model. */
typedef struct {
    double loss; /* mean over mini-batches of their mean losses */
    uint32_t steps;
    uint64_t train; /* counts */
} hil_epoch;

/* Forgets all rows; the region is free. */
void hil_dataset_close(hil_dataset *data, hil_bank *bank);

/* Lays the region out for so many rows and the bank's feature maps; a refusal leaves the data set closed. */
hil_refusal hil_dataset_open(hil_dataset *data, hil_bank *bank, uint32_t rows);

/* Maps and keeps one row of finite values. False when a feature overflowed: nothing was kept. The data set has room. */
bool hil_dataset_store(hil_dataset *data, hil_bank *bank, hil_meter *meter, const float *values, uint8_t class_index,
                       hil_row_cost *cost);

/* Trains one model once on all rows; the data set holds at least one. */
hil_epoch hil_dataset_train(hil_dataset *data, hil_model *model, hil_meter *meter, uint16_t epoch);

#endif
