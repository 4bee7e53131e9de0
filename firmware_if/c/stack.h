/* How deep a painted stack has come to be used, and painting it anew while the payload runs.
 *
 * For the one owner of the service, never from an interrupt handler.
 */
#ifndef HIL_STACK_H
#define HIL_STACK_H

#include "port.h"

/* Deepest use since it was painted, 0xFFFFFFFF when the port does not paint. */
uint32_t hil_stack_peak_bytes(const hil_stack *stack);

/* Paints the caller's own stack anew below what is in use. Does nothing if the caller runs on another one, as whoever
 * runs on this one may be in the middle of something. */
void hil_stack_paint_own(const hil_stack *stack);

/* Paints the whole of the handlers' stack. Interrupts may go on: handlers end before what they interrupted goes on, so
 * nothing that they left there is needed. Does nothing if the caller itself runs on this stack. */
void hil_stack_paint_idle(const hil_stack *stack);

#endif
