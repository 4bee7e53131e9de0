/* The receive queue: what a board's interrupt handler would fill, filled here whenever the payload looks or waits. */
#ifndef HOST_QUEUE_H
#define HOST_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_QUEUE_BYTES 8192u

typedef struct {
    uint8_t bytes[HOST_QUEUE_BYTES];
    size_t first;
    size_t count;
    uint32_t overruns; /* bytes lost because the queue was full */
} host_queue;

typedef enum {
    HOST_QUEUE_OPEN,  /* whatever was there has been read */
    HOST_QUEUE_ENDED, /* the peer has gone */
    HOST_QUEUE_BROKEN /* see errno */
} host_queue_state;

/* Reads what waits on a non-blocking descriptor, as far as there is room. With backpressure the rest stays where it
 * is; without, it is lost and counted. */
host_queue_state host_queue_fill(host_queue *queue, int descriptor, bool backpressure);

/* Takes at most `capacity` bytes out, oldest first. */
size_t host_queue_take(host_queue *queue, uint8_t *bytes, size_t capacity);

#endif
