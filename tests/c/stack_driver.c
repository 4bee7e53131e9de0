/* Paints a stack that is in use: a thread runs on one that is ours, goes deep, paints, and looks at what is left.
 * Prints the peak before and after, and what stays of the frames in use. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "stack.h"

#define STACK_BYTES 262144u

typedef uint32_t descend_to(uint32_t depth);

static hil_stack stack;
static hil_stack other;
static descend_to descend;
static descend_to *volatile next = descend; /* no compiler makes a loop of it */

static uint32_t descend(uint32_t depth) {
    volatile uint32_t frame[256];
    memset((void *)frame, (int)depth, sizeof frame);
    uint32_t below = depth == 0 ? 0 : next(depth - 1u);
    return below + (frame[depth] == depth * 0x01010101u ? 1u : 0u);
}

/* Callers whose frames must stay as they are while something far below them paints. */
static uint32_t paint_below(uint32_t depth) {
    volatile uint32_t frame[64];
    memset((void *)frame, (int)depth, sizeof frame);
    uint32_t whole = 0;
    if (depth == 0) {
        hil_stack_paint_own(&stack);
        hil_stack_paint_idle(&stack); /* we run on it: nothing may happen */
        hil_stack_paint_own(&other);  /* we do not run on it */
    } else {
        whole = next(depth - 1u);
    }
    for (size_t i = 0; i < sizeof frame / sizeof frame[0]; i++) {
        if (frame[i] != depth * 0x01010101u) {
            return 0;
        }
    }
    return whole + 1u;
}

static void *run(void *context) {
    (void)context;
    uint32_t kept = descend(40);
    uint32_t before = hil_stack_peak_bytes(&stack);
    next = paint_below;
    kept += paint_below(4);
    uint32_t after = hil_stack_peak_bytes(&stack);
    next = descend;
    kept += descend(10);
    printf("%u %u %u %u\n", before, after, hil_stack_peak_bytes(&stack), kept);
    return NULL;
}

static hil_stack make_stack(void) {
    uint32_t *low = NULL;
    if (posix_memalign((void **)&low, 4096, STACK_BYTES) != 0) {
        exit(2);
    }
    for (size_t i = 0; i < STACK_BYTES / 4u; i++) {
        low[i] = HIL_STACK_PAINT;
    }
    return (hil_stack){low, STACK_BYTES};
}

int main(void) {
    pthread_attr_t attributes;
    pthread_t thread;
    stack = make_stack();
    other = make_stack();
    other.low[100] = 1;
    if (pthread_attr_init(&attributes) != 0 || pthread_attr_setstack(&attributes, stack.low, STACK_BYTES) != 0 ||
        pthread_create(&thread, &attributes, run, NULL) != 0 || pthread_join(thread, NULL) != 0) {
        return 3;
    }
    uint32_t used = hil_stack_peak_bytes(&other);
    hil_stack_paint_idle(&other);
    const hil_stack none = {0};
    hil_stack_paint_idle(&none);
    hil_stack_paint_own(&none);
    printf("%u %u %u\n", STACK_BYTES - used, hil_stack_peak_bytes(&other), hil_stack_peak_bytes(&none));
    free(stack.low);
    free(other.low);
    return 0;
}
