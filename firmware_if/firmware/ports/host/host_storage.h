/* A file that stands in for NOR flash: it outlives the process as flash outlives the power. */
#ifndef HOST_STORAGE_H
#define HOST_STORAGE_H

#include "storage.h"

#define HOST_STORAGE_BYTES 262144u
#define HOST_STORAGE_SECTOR_BYTES 4096u

typedef struct {
    int descriptor;
    hil_storage storage;
} host_storage;

/* Opens the file, and makes it if it is not there; false where errno says why not. */
bool host_storage_open(host_storage *self, const char *path);

#endif
