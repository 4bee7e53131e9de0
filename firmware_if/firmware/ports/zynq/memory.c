/* memcpy, memmove and memset instead of newlib's: its versions for this core make unaligned accesses, which fault
 * while the MMU is off. Compiled so that the loops are not turned back into calls of themselves. */
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef uint32_t __attribute__((may_alias)) word;

/* How many bytes to copy singly until both are at a word's start; all of them where that never happens. */
static size_t bytes_to_alignment(uintptr_t to, uintptr_t from, size_t count)
{
    if (((to ^ from) & 3u) != 0u) {
        return count;
    }
    const size_t head = (size_t)(-to & 3u);
    return head < count ? head : count;
}

static void copy_forwards(uint8_t *target, const uint8_t *source, size_t count)
{
    size_t head = bytes_to_alignment((uintptr_t)target, (uintptr_t)source, count);
    count -= head;
    for (; head > 0u; --head) {
        *target++ = *source++;
    }
    for (; count >= 4u; count -= 4u) {
        *(word *)(void *)target = *(const word *)(const void *)source;
        target += 4;
        source += 4;
    }
    for (; count > 0u; --count) {
        *target++ = *source++;
    }
}

void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    copy_forwards(to, from, count);
    return to;
}

void *memmove(void *to, const void *from, size_t count)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    if ((uintptr_t)to - (uintptr_t)from >= count) {
        copy_forwards(target, source, count); /* never writes what it has still to read */
        return to;
    }
    while (count > 0u) {
        --count;
        target[count] = source[count];
    }
    return to;
}

void *memset(void *to, int value, size_t count)
{
    uint8_t *target = to;
    const uint32_t pattern = (uint8_t)value * 0x01010101u;
    for (; count > 0u && ((uintptr_t)target & 3u) != 0u; --count) {
        *target++ = (uint8_t)value;
    }
    for (; count >= 4u; count -= 4u) {
        *(word *)(void *)target = pattern;
        target += 4;
    }
    for (; count > 0u; --count) {
        *target++ = (uint8_t)value;
    }
    return to;
}
