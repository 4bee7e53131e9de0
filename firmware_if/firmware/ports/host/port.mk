# A native process that speaks through a socket, a pty or any other tty; the build for sanitizers.
TARGET_NAME := host
ARENA_BYTES := 1048576
DATA_BYTES := 4194304

ifeq ($(origin CC),default)
CC := gcc
endif

CFLAGS += -D_GNU_SOURCE
VARIANT := $(if $(findstring clang,$(notdir $(CC))),-clang)
ifeq ($(SANITIZE),1)
VARIANT := $(VARIANT)-sanitize
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
