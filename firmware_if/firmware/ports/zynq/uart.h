/* UART0, interrupt driven. One reader and one writer, both outside of handlers. */
#ifndef ZYNQ_UART_H
#define ZYNQ_UART_H

#include <stddef.h>
#include <stdint.h>

#define UART_RECEIVE_BYTES 8192u
#define UART_TRANSMIT_BYTES 4096u

/* Sets the line to 8N1 at the nearest rate that `clock_hz` (the UART's reference clock) can be divided to. */
void uart_start(uint32_t clock_hz, uint32_t baud);

size_t uart_receive(uint8_t *bytes, size_t capacity);
void uart_transmit(const uint8_t *bytes, size_t count);

/* Sleeps until a received byte waits. Interrupts must be enabled. */
void uart_wait(void);

/* Bytes lost so far: those that found the queue full, and one for each overrun that the UART reported. */
uint32_t uart_overruns(void);

/* Serves the UART's interrupt. */
void uart_interrupt(void);

/* Sends a text by polling, for use when nothing else works any more. Leaves the UART's interrupts disabled. */
void uart_report(const char *text);

#endif
