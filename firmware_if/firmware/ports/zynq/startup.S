/* From reset to zynq_main: CPU 0 in supervisor mode, MMU and data cache off, VFP and NEON on, stacks painted.
 * Whatever started us must have left the data cache off (QEMU, a debugger and the first-stage boot loader do). */
    .syntax unified
    .arm

    .equ MODE_IRQ, 0x12
    .equ MODE_SUPERVISOR, 0x13
    .equ PAINT, 0xA5C3A5C3           /* HIL_STACK_PAINT of port.h */

    .section .vectors, "ax", %progbits
    .balign 32                       /* what VBAR asks for */
vectors:
    b zynq_entry
    b undefined_instruction
    b supervisor_call
    b prefetch_abort
    b data_abort
    b .                              /* hypervisor trap: the A9 has none */
    b interrupt
    b fast_interrupt

    .global zynq_entry
    .type zynq_entry, %function
zynq_entry:
    cpsid aif, #MODE_SUPERVISOR
    mrc p15, 0, r0, c0, c0, 5        /* MPIDR: which core is this? */
    ands r0, r0, #3
    bne park

    mrc p15, 0, r0, c1, c0, 0        /* SCTLR */
    ldr r1, =0x60002005              /* off: Thumb exceptions, access flag, high vectors, data cache, MMU */
    bic r0, r0, r1
    ldr r1, =0x00001802              /* on: instruction cache, branch prediction, and the alignment trap: silicon */
    orr r0, r0, r1                   /* faults while the MMU is off, QEMU 7.2 only when asked to */
    mov r1, #0
    mcr p15, 0, r1, c8, c7, 0        /* TLBIALL */
    mcr p15, 0, r1, c7, c5, 0        /* ICIALLU */
    mcr p15, 0, r1, c7, c5, 6        /* BPIALL */
    dsb
    mcr p15, 0, r0, c1, c0, 0
    isb

    ldr r0, =vectors
    mcr p15, 0, r0, c12, c0, 0       /* VBAR */

    mrc p15, 0, r0, c1, c0, 2        /* CPACR: full access to VFP and NEON */
    orr r0, r0, #0x00F00000
    mcr p15, 0, r0, c1, c0, 2
    isb
    mov r0, #0x40000000
    vmsr fpexc, r0
    mov r0, #0                       /* round to nearest, keep denormals and NaN payloads */
    vmsr fpscr, r0

    ldr r0, =zynq_stack_low          /* both stacks lie together, low to top */
    ldr r1, =zynq_handler_stack_top
    ldr r2, =PAINT
1:  str r2, [r0], #4
    cmp r0, r1
    blo 1b

    ldr r0, =zynq_bss_low
    ldr r1, =zynq_bss_top
    mov r2, #0
2:  cmp r0, r1
    strlo r2, [r0], #4
    blo 2b

    cps #MODE_IRQ
    ldr sp, =zynq_handler_stack_top
    cps #MODE_SUPERVISOR
    ldr sp, =zynq_stack_top
    mov fp, #0
    bl zynq_main
park:
    wfi
    b park

interrupt:
    sub lr, lr, #4
    push {r0-r3, ip, lr}             /* 24 bytes: the stack stays aligned to 8 */
    bl zynq_interrupt
    ldm sp!, {r0-r3, ip, pc}^

    /* Each leaves the kind of fault in r0 and the instruction's address in r1 (A9: ARM state, DDI 0406 B1.8). */
undefined_instruction:
    mov r0, #0
    sub r1, lr, #4
    b fault
supervisor_call:
    mov r0, #1
    sub r1, lr, #4
    b fault
prefetch_abort:
    mov r0, #2
    sub r1, lr, #4
    b fault
data_abort:
    mov r0, #3
    sub r1, lr, #8
    b fault
fast_interrupt:
    mov r0, #4
    sub r1, lr, #4
fault:
    cpsid aif
    ldr sp, =zynq_fault_stack_top
    bl zynq_fault
    b park
