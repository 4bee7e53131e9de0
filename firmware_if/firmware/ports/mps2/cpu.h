/* The instructions that C has no words for. For privileged code only. */
#ifndef MPS2_CPU_H
#define MPS2_CPU_H

#include <stdint.h>

/* Masks interrupts; the result is for cpu_restore_interrupts. */
static inline uint32_t cpu_mask_interrupts(void)
{
    uint32_t primask;
    __asm__ volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask) : : "memory");
    return primask;
}

static inline void cpu_restore_interrupts(uint32_t saved)
{
    if (saved == 0u) {
        __asm__ volatile("cpsie i" : : : "memory");
    }
}

/* Sleeps until an interrupt is pending, which wakes the core even while interrupts are masked. */
static inline void cpu_sleep(void)
{
    __asm__ volatile("dsb\n\twfi" : : : "memory");
}

#endif
