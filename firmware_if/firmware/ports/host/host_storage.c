#include "host_storage.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool move_all(ssize_t moved, uint32_t count)
{
    return moved == (ssize_t)count;
}

static bool read_file(void *context, uint32_t address, uint8_t *bytes, uint32_t count)
{
    const host_storage *self = context;
    return move_all(pread(self->descriptor, bytes, count, (off_t)address), count);
}

/* As flash has it: bits only go from 1 to 0. */
static bool program_file(void *context, uint32_t address, const uint8_t *bytes, uint32_t count)
{
    const host_storage *self = context;
    uint8_t cells[64];
    for (uint32_t done = 0; done < count;) {
        const uint32_t piece = count - done < sizeof cells ? count - done : (uint32_t)sizeof cells;
        if (!read_file(context, address + done, cells, piece)) {
            return false;
        }
        for (uint32_t i = 0; i < piece; ++i) {
            cells[i] &= bytes[done + i];
        }
        if (!move_all(pwrite(self->descriptor, cells, piece, (off_t)(address + done)), piece)) {
            return false;
        }
        done += piece;
    }
    return true;
}

static bool erase_file(void *context, uint32_t address)
{
    const host_storage *self = context;
    uint8_t cells[HOST_STORAGE_SECTOR_BYTES];
    memset(cells, HIL_STORAGE_ERASED, sizeof cells);
    return move_all(pwrite(self->descriptor, cells, sizeof cells, (off_t)address), sizeof cells);
}

bool host_storage_open(host_storage *self, const char *path)
{
    self->descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (self->descriptor < 0) {
        return false;
    }
    struct stat found;
    if (fstat(self->descriptor, &found) != 0) {
        return false;
    }
    if (found.st_size == 0) {
        for (uint32_t at = 0; at < HOST_STORAGE_BYTES; at += HOST_STORAGE_SECTOR_BYTES) {
            if (!erase_file(self, at)) {
                return false;
            }
        }
    } else if (found.st_size != (off_t)HOST_STORAGE_BYTES) {
        errno = EINVAL;
        return false;
    }
    self->storage = (hil_storage){.context = self,
                                  .bytes = HOST_STORAGE_BYTES,
                                  .sector_bytes = HOST_STORAGE_SECTOR_BYTES,
                                  .program_bytes = 1u,
                                  .read = read_file,
                                  .program = program_file,
                                  .erase = erase_file};
    return true;
}
