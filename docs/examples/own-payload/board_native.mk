CFLAGS += -D_POSIX_C_SOURCE=200809L
ifeq ($(SANITIZE),1)
CFLAGS += -fsanitize=address,undefined -fno-sanitize-recover=all
endif
