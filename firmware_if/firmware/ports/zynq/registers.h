/* Registers of the Zynq-7000 that the port uses (Xilinx UG585, appendix B; ARM DDI 0407 for the A9 MPCore). */
#ifndef ZYNQ_REGISTERS_H
#define ZYNQ_REGISTERS_H

#include <stdint.h>

#define ZYNQ_REGISTER(address) (*(volatile uint32_t *)(uintptr_t)(address))

/* UART0, a Cadence UART. */
#define UART_CONTROL ZYNQ_REGISTER(0xE0000000u)
#define UART_MODE ZYNQ_REGISTER(0xE0000004u)
#define UART_INTERRUPT_ENABLE ZYNQ_REGISTER(0xE0000008u)
#define UART_INTERRUPT_DISABLE ZYNQ_REGISTER(0xE000000Cu)
#define UART_INTERRUPT_MASK ZYNQ_REGISTER(0xE0000010u)
#define UART_INTERRUPT_STATUS ZYNQ_REGISTER(0xE0000014u) /* write 1 to clear */
#define UART_BAUD_GENERATOR ZYNQ_REGISTER(0xE0000018u)
#define UART_RECEIVE_TIMEOUT ZYNQ_REGISTER(0xE000001Cu)
#define UART_RECEIVE_TRIGGER ZYNQ_REGISTER(0xE0000020u)
#define UART_STATUS ZYNQ_REGISTER(0xE000002Cu)
#define UART_FIFO ZYNQ_REGISTER(0xE0000030u)
#define UART_BAUD_DIVIDER ZYNQ_REGISTER(0xE0000034u)
/* What an empty FIFO takes and a full one holds at least: 16 in QEMU (writes beyond it are lost), 64 in silicon. */
#define UART_FIFO_BYTES 16u

/* Bits that the status and the interrupt registers share, and the overrun, which is an interrupt only. */
#define UART_RX_TRIGGER (1u << 0)
#define UART_RX_EMPTY (1u << 1)
#define UART_RX_FULL (1u << 2)
#define UART_TX_EMPTY (1u << 3)
#define UART_TX_FULL (1u << 4)
#define UART_RX_OVERRUN (1u << 5)

#define UART_CONTROL_RESET 0x03u /* both paths; clears itself */
#define UART_CONTROL_ENABLE 0x14u
#define UART_CONTROL_DISABLE 0x28u
#define UART_MODE_8N1 0x20u

/* Interrupt controller (GIC, PL390). */
#define GIC_CPU_CONTROL ZYNQ_REGISTER(0xF8F00100u)
#define GIC_CPU_PRIORITY_MASK ZYNQ_REGISTER(0xF8F00104u)
#define GIC_CPU_ACKNOWLEDGE ZYNQ_REGISTER(0xF8F0010Cu)
#define GIC_CPU_END ZYNQ_REGISTER(0xF8F00110u)
#define GIC_CONTROL ZYNQ_REGISTER(0xF8F01000u)
#define GIC_ENABLE(interrupt) ZYNQ_REGISTER(0xF8F01100u + 4u * ((interrupt) / 32u))
#define GIC_DISABLE(word) ZYNQ_REGISTER(0xF8F01180u + 4u * (word))
#define GIC_PRIORITIES(interrupt) ZYNQ_REGISTER(0xF8F01400u + 4u * ((interrupt) / 4u))
#define GIC_TARGETS(interrupt) ZYNQ_REGISTER(0xF8F01800u + 4u * ((interrupt) / 4u))
#define GIC_INTERRUPT_UART0 59u

/* The global timer: 64 bits, one for both cores. */
#define TIMER_LOW ZYNQ_REGISTER(0xF8F00200u)
#define TIMER_HIGH ZYNQ_REGISTER(0xF8F00204u)
#define TIMER_CONTROL ZYNQ_REGISTER(0xF8F00208u)

/* The private watchdog (DDI 0407, chapter 4), as a timer. */
#define WATCHDOG_LOAD ZYNQ_REGISTER(0xF8F00620u)
#define WATCHDOG_CONTROL ZYNQ_REGISTER(0xF8F00628u)
#define WATCHDOG_STATUS ZYNQ_REGISTER(0xF8F0062Cu) /* write 1 to clear */
#define WATCHDOG_CONTROL_ENABLE (1u << 0)
#define WATCHDOG_CONTROL_INTERRUPT (1u << 2)
#define GIC_INTERRUPT_WATCHDOG 30u

/* Parallel NOR flash (SMC, chip select 0). */
#define FLASH_BASE 0xE2000000u
#define FLASH_TIMER_HZ 100000000u /* of TIMER_LOW, in QEMU */

/* System-level control: the soft reset. */
#define SLCR_UNLOCK ZYNQ_REGISTER(0xF8000008u)
#define SLCR_UNLOCK_KEY 0xDF0Du
#define SLCR_RESET ZYNQ_REGISTER(0xF8000200u)

/* A word of on-chip memory outside the ELF and clear of the boot ROM's own words at the very top (0xFFFFFE00 on).
 * A soft reset keeps it, power-on leaves it as it falls. */
#define OCM_START_COUNT ZYNQ_REGISTER(0xFFFFE000u)
#define OCM_WATCHDOG_MARK ZYNQ_REGISTER(0xFFFFE004u)

#endif
