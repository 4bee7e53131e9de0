#include "queue.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

/* Reads once, into the contiguous room behind the newest byte; read()'s result. */
static ssize_t fill_once(host_queue *queue, int descriptor)
{
    const size_t end = (queue->first + queue->count) % HOST_QUEUE_BYTES;
    const size_t room = HOST_QUEUE_BYTES - queue->count;
    const size_t to_wrap = HOST_QUEUE_BYTES - end;
    const ssize_t got = read(descriptor, queue->bytes + end, room < to_wrap ? room : to_wrap);
    if (got > 0) {
        queue->count += (size_t)got;
    }
    return got;
}

static ssize_t lose_once(host_queue *queue, int descriptor)
{
    uint8_t lost[1024];
    const ssize_t got = read(descriptor, lost, sizeof lost);
    if (got > 0) {
        queue->overruns += (uint32_t)got;
    }
    return got;
}

host_queue_state host_queue_fill(host_queue *queue, int descriptor, bool backpressure)
{
    for (;;) {
        const bool full = queue->count == HOST_QUEUE_BYTES;
        if (full && backpressure) {
            return HOST_QUEUE_OPEN;
        }
        const ssize_t got = full ? lose_once(queue, descriptor) : fill_once(queue, descriptor);
        if (got == 0) {
            return HOST_QUEUE_ENDED;
        }
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            return HOST_QUEUE_OPEN;
        }
        if (got < 0 && errno != EINTR) {
            /* EIO: the other side of a pty was closed. */
            return errno == EIO || errno == ECONNRESET ? HOST_QUEUE_ENDED : HOST_QUEUE_BROKEN;
        }
    }
}

size_t host_queue_take(host_queue *queue, uint8_t *bytes, size_t capacity)
{
    const size_t count = capacity < queue->count ? capacity : queue->count;
    const size_t to_wrap = HOST_QUEUE_BYTES - queue->first;
    const size_t head = count < to_wrap ? count : to_wrap;
    memcpy(bytes, queue->bytes + queue->first, head);
    memcpy(bytes + head, queue->bytes, count - head);
    queue->first = (queue->first + count) % HOST_QUEUE_BYTES;
    queue->count -= count;
    return count;
}
