/* The instructions that C has no words for. For privileged modes only. */
#ifndef ZYNQ_CPU_H
#define ZYNQ_CPU_H

#include <stdint.h>

#define CPSR_IRQ_MASKED 0x80u

/* Masks interrupts; the result is for cpu_restore_interrupts. */
static inline uint32_t cpu_mask_interrupts(void)
{
    uint32_t status;
    __asm__ volatile("mrs %0, cpsr\n\tcpsid i" : "=r"(status) : : "memory");
    return status & CPSR_IRQ_MASKED;
}

static inline void cpu_restore_interrupts(uint32_t saved)
{
    if ((saved & CPSR_IRQ_MASKED) == 0u) {
        __asm__ volatile("cpsie i" : : : "memory");
    }
}

/* Sleeps until an interrupt is pending, which wakes the core even while interrupts are masked. */
static inline void cpu_sleep(void)
{
    __asm__ volatile("dsb\n\twfi" : : : "memory");
}

#endif
