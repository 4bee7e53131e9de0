/* The vector table, and from reset to mps2_main: FPU on, stacks painted, .data copied, .bss cleared, main on the
 * process stack. Handlers stay on the main stack pointer, which is theirs alone. */
    .syntax unified
    .thumb

    .equ PAINT, 0xA5C3A5C3           /* HIL_STACK_PAINT of port.h */
    .equ VTOR, 0xE000ED08
    .equ CPACR, 0xE000ED88
    .equ FPCCR, 0xE000EF34
    .equ INTERRUPTS, 32

    .section .vectors, "a", %progbits
    .balign 256                      /* what VTOR asks for with 48 vectors */
vectors:
    .word mps2_handler_stack_top
    .word mps2_entry
    .word mps2_watchdog              /* the non-maskable interrupt */
    .rept 13                         /* faults, and exceptions that nobody expects */
    .word fault
    .endr
    .word mps2_uart_received         /* interrupt 0 */
    .word mps2_uart_sent             /* interrupt 1 */
    .rept INTERRUPTS - 2
    .word fault
    .endr

    .text
    .global mps2_entry
    .type mps2_entry, %function
mps2_entry:
    cpsid i
    ldr r0, =VTOR
    ldr r1, =vectors
    str r1, [r0]

    ldr r0, =CPACR                   /* full access to the FPU */
    ldr r1, [r0]
    orr r1, r1, #0x00F00000
    str r1, [r0]
    dsb
    isb
    ldr r0, =FPCCR                   /* no floating-point state in exception frames: what runs in a handler uses none, */
    ldr r1, [r0]                     /* and a frame on main's stack is then 36 bytes at most instead of 108 */
    bic r1, r1, #0xC0000000
    str r1, [r0]
    dsb
    isb
    mov r0, #0                       /* round to nearest, keep denormals and NaN payloads */
    vmsr fpscr, r0

    ldr r0, =mps2_stack_low          /* both stacks lie together, low to top */
    ldr r1, =mps2_handler_stack_top
    ldr r2, =PAINT
1:  str r2, [r0], #4
    cmp r0, r1
    blo 1b

    ldr r0, =mps2_data_low
    ldr r1, =mps2_data_top
    ldr r2, =mps2_data_image
2:  cmp r0, r1
    ittt lo
    ldrlo r3, [r2], #4
    strlo r3, [r0], #4
    blo 2b

    ldr r0, =mps2_bss_low            /* a reset of QEMU's machine keeps it */
    ldr r1, =mps2_bss_top
    mov r2, #0
3:  cmp r0, r1
    itt lo
    strlo r2, [r0], #4
    blo 3b

    ldr r0, =mps2_stack_top
    msr psp, r0
    mov r0, #2                       /* thread mode: privileged, on the process stack */
    msr control, r0
    isb
    bl mps2_main
4:  wfi
    b 4b

    /* Which exception, and where its frame lies; the stack pointer may be what went wrong, so a fresh one follows. */
    .type fault, %function
fault:
    cpsid i
    mrs r0, ipsr
    tst lr, #4
    ite eq
    mrseq r1, msp
    mrsne r1, psp
    ldr r2, =mps2_fault_stack_top
    msr msp, r2
    bl mps2_fault
    b 4b
