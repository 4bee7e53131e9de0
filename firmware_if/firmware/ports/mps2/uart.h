/* UART0, interrupt driven. One reader and one writer, both outside of handlers. */
#ifndef MPS2_UART_H
#define MPS2_UART_H

#include <stddef.h>
#include <stdint.h>

#define UART_RECEIVE_BYTES 2048u
#define UART_TRANSMIT_BYTES 256u

/* Sets the line to 8N1 at the nearest rate that the UART's clock can be divided to. */
void uart_start(uint32_t baud);

size_t uart_receive(uint8_t *bytes, size_t capacity);
void uart_transmit(const uint8_t *bytes, size_t count);

/* Sleeps until a received byte waits. Interrupts must be enabled. */
void uart_wait(void);

/* Bytes lost so far: those that found the queue full, and one for each overrun that the UART reported. */
uint32_t uart_overruns(void);

/* Serve the UART's interrupts. */
void uart_received(void);
void uart_sent(void);

/* Sends a text by polling, for use when nothing else works any more. Leaves the UART's interrupts disabled. */
void uart_report(const char *text);

#endif
