/* Registers of the MPS2 FPGA images AN386 and AN500 that the port uses (Arm DAI 0386 and DAI 0500; the UART is in
 * DDI 0479, CMSDK), and of the core (DDI 0403, ARMv7-M). */
#ifndef MPS2_REGISTERS_H
#define MPS2_REGISTERS_H

#include <stdint.h>

#define MPS2_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* UART0, a CMSDK APB UART: no FIFO, one byte each way. */
#define UART_DATA MPS2_REGISTER(0x40004000u)
#define UART_STATE MPS2_REGISTER(0x40004004u) /* write 1 to clear the overrun */
#define UART_CONTROL MPS2_REGISTER(0x40004008u)
#define UART_INTERRUPT MPS2_REGISTER(0x4000400Cu) /* write 1 to clear */
#define UART_BAUD_DIVIDER MPS2_REGISTER(0x40004010u)
#define UART_CLOCK_HZ 25000000u

#define UART_STATE_TX_FULL (1u << 0)
#define UART_STATE_RX_FULL (1u << 1)
#define UART_STATE_RX_OVERRUN (1u << 3)

#define UART_CONTROL_TX (1u << 0)
#define UART_CONTROL_RX (1u << 1)
#define UART_CONTROL_TX_INTERRUPT (1u << 2)
#define UART_CONTROL_RX_INTERRUPT (1u << 3)

#define UART_INTERRUPT_TX (1u << 0)
#define UART_INTERRUPT_RX (1u << 1)

/* The CMSDK watchdog. */
#define WATCHDOG_LOAD MPS2_REGISTER(0x40008000u)
#define WATCHDOG_CONTROL MPS2_REGISTER(0x40008008u) /* 0: neither interrupt nor reset */
#define WATCHDOG_CONTROL_INTERRUPT (1u << 0) /* counts, and is not maskable */
#define WATCHDOG_CLEAR MPS2_REGISTER(0x4000800Cu) /* any value: counts anew */
#define WATCHDOG_HZ 25000000u
#define WATCHDOG_LOCK MPS2_REGISTER(0x40008C00u)
#define WATCHDOG_UNLOCK 0x1ACCE551u

/* FPGA system control: counters that run by themselves and interrupt nobody. */
#define FPGAIO_COUNT_100HZ MPS2_REGISTER(0x40028014u)
#define FPGAIO_COUNTER MPS2_REGISTER(0x40028018u)
#define FPGAIO_PRESCALE MPS2_REGISTER(0x4002801Cu)
#define FPGAIO_COUNTER_HZ 25000000u /* at prescale 0 */

/* Interrupt controller and system control block. */
#define NVIC_ENABLE MPS2_REGISTER(0xE000E100u)
#define NVIC_DISABLE MPS2_REGISTER(0xE000E180u)
#define NVIC_CLEAR_PENDING MPS2_REGISTER(0xE000E280u)
#define NVIC_UART0_RECEIVE (1u << 0)
#define NVIC_UART0_TRANSMIT (1u << 1)
#define SCB_RESET MPS2_REGISTER(0xE000ED0Cu) /* AIRCR */
#define SCB_RESET_REQUEST 0x05FA0004u        /* the key, and SYSRESETREQ */
#define SCB_HANDLERS MPS2_REGISTER(0xE000ED24u) /* SHCSR */
#define SCB_HANDLERS_FAULTS (7u << 16)          /* memory management, bus and usage faults have handlers of their own */
#define SCB_FAULT_STATUS MPS2_REGISTER(0xE000ED28u)      /* CFSR */
#define SCB_HARD_FAULT_STATUS MPS2_REGISTER(0xE000ED2Cu) /* HFSR */
#define SCB_MEMORY_ADDRESS MPS2_REGISTER(0xE000ED34u)    /* MMFAR */
#define SCB_BUS_ADDRESS MPS2_REGISTER(0xE000ED38u)       /* BFAR */

/* The last word of the SRAM, which link.ld leaves out: a reset keeps it, power-on leaves it as it falls. */
#define START_COUNT MPS2_REGISTER(0x203FFFFCu)

#endif
