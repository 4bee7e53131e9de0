/* The system calls that newlib's printf ends in. Weak, but for _write: a firmware that has files of its own keeps them.
 *
 * With picolibc leave this file out; there stdout is a stream that the firmware makes:
 *
 *     static int put(char byte, FILE *file) { (void)file; hil_console_write(&console, &byte, 1); return byte; }
 *     static FILE stream = FDEV_SETUP_STREAM(put, NULL, NULL, _FDEV_SETUP_WRITE);
 *     FILE *const stdout = &stream;
 *     FILE *const stderr = &stream;
 */
#include "newlib_console.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#define WEAK __attribute__((weak))

int _write(int file, const char *bytes, int count);
int _read(int file, char *bytes, int count);
int _close(int file);
int _fstat(int file, struct stat *status);
int _isatty(int file);
int _lseek(int file, int offset, int from);
void *_sbrk(ptrdiff_t bytes);
int _getpid(void);
int _kill(int process, int number);
_Noreturn void _exit(int status);

static hil_console *used;

/* newlib collects a line in the stream's buffer, which it would else take from the heap. */
void newlib_console_use(hil_console *console)
{
    static char out[64];
    used = console;
    (void)setvbuf(stdout, out, _IOLBF, sizeof out);
    (void)setvbuf(stderr, NULL, _IONBF, 0);
}

int _write(int file, const char *bytes, int count)
{
    if (file != 1 && file != 2) {
        errno = EBADF;
        return -1;
    }
    if (used != NULL && count > 0) {
        hil_console_write(used, bytes, (size_t)count);
    }
    return count; /* what does not fit is told by the console */
}

WEAK int _read(int file, char *bytes, int count)
{
    (void)file;
    (void)bytes;
    (void)count;
    return 0;
}

WEAK int _close(int file)
{
    (void)file;
    return 0;
}

WEAK int _fstat(int file, struct stat *status)
{
    (void)file;
    status->st_mode = S_IFCHR;
    return 0;
}

WEAK int _isatty(int file)
{
    (void)file;
    return 1;
}

WEAK int _lseek(int file, int offset, int from)
{
    (void)file;
    (void)offset;
    (void)from;
    return 0;
}

/* The heap of a firmware that has none. newlib-nano 3.3 makes its three streams there and does not look whether it could:
 * without one they are written over what lies at address 0, the vector table. 436 bytes are taken for them. printf of
 * reals takes more. */
#ifndef NEWLIB_HEAP_BYTES
#define NEWLIB_HEAP_BYTES 1024
#endif

WEAK void *_sbrk(ptrdiff_t bytes)
{
    static _Alignas(8) char heap[NEWLIB_HEAP_BYTES];
    static ptrdiff_t taken;
    if (bytes < -taken || bytes > NEWLIB_HEAP_BYTES - taken) {
        errno = ENOMEM;
        return (void *)-1;
    }
    char *const place = heap + taken;
    taken += bytes;
    return place;
}

WEAK int _getpid(void)
{
    return 1;
}

WEAK int _kill(int process, int number)
{
    (void)process;
    (void)number;
    errno = EINVAL;
    return -1;
}

WEAK void _exit(int status)
{
    (void)status;
    for (;;) {
    }
}
