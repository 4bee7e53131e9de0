#include "stack.h"

/* Between the painter's local variable and the lowest address it may paint: room for its own frame, which holds some
 * registers and nothing else, and for the 128 bytes below the stack pointer that x86-64 allows a function to use. */
#define FRAME_BYTES 192u

uint32_t hil_stack_peak_bytes(const hil_stack *stack) {
    if (stack->bytes == 0) {
        return UINT32_MAX;
    }
    uint32_t untouched = 0;
    while (untouched < stack->bytes && stack->low[untouched / 4u] == HIL_STACK_PAINT) {
        untouched += 4u;
    }
    return stack->bytes - untouched;
}

/* Bytes of the stack below the caller; more than it has if the caller is not on it. */
static uintptr_t bytes_below(const hil_stack *stack) {
    volatile uint8_t here = 0;
    return (uintptr_t)&here - (uintptr_t)stack->low;
}

static void paint(const hil_stack *stack, bool own) {
    uintptr_t below = bytes_below(stack);
    bool on_it = below < stack->bytes;
    if (on_it != own) {
        return;
    }
    if (on_it) {
        below = below > FRAME_BYTES ? below - FRAME_BYTES : 0;
    } else {
        below = stack->bytes;
    }
    volatile uint32_t *words = stack->low; /* volatile: no library call, which would need a frame of its own */
    for (uintptr_t i = 0; i < below / 4u; i++) {
        words[i] = HIL_STACK_PAINT;
    }
}

/* Called through this, it is never made a part of a caller, whose larger frame would reach below FRAME_BYTES. */
static void (*const volatile paint_apart)(const hil_stack *stack, bool own) = paint;

void hil_stack_paint_own(const hil_stack *stack) {
    paint_apart(stack, true);
}

void hil_stack_paint_idle(const hil_stack *stack) {
    paint_apart(stack, false);
}
