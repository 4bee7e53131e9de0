# Bare-metal Cortex-M of an Arm MPS2 board, as QEMU emulates its FPGA images; BOARD names the image (boards/).
CROSS_COMPILE ?= arm-none-eabi-
override CC := $(CROSS_COMPILE)gcc

BAUD ?= 115200
ARENA_BYTES := 131072
DATA_BYTES := 4194304
STACK_BYTES := 2048
HANDLER_STACK_BYTES := 256
# How long a watchdog that was asked for waits for progress: a row, a mini-batch, a telecommand.
WATCHDOG_MS ?= 4000
# A receive queue of 2 KiB lets two frames of samples come in; what these cause is fewer.
SEND_FRAMES := 4

LINK_SCRIPT := ports/mps2/link.ld
# Small; some learners choose otherwise (boards/). The linker folds what is alike in two arithmetics or two learners,
# which is a seventh; `make LTO=` leaves that out, for sizes of single parts.
LTO := -flto
CFLAGS += -Os $(LTO) $(CPU_FLAGS) -mthumb -fno-unwind-tables -fno-asynchronous-unwind-tables \
          -DUART_BAUD=$(BAUD)u -DWATCHDOG_MS=$(WATCHDOG_MS)u -DHIL_SEND_FRAMES=$(SEND_FRAMES)u
LDFLAGS += --specs=nano.specs -nostartfiles -T $(LINK_SCRIPT) \
           -Wl,--defsym=PSRAM_BASE=$(PSRAM_BASE) \
           -Wl,--defsym=STACK_BYTES=$(STACK_BYTES),--defsym=HANDLER_STACK_BYTES=$(HANDLER_STACK_BYTES)

# Exceptions save no floating-point registers here (startup.S), so what runs in a handler must not touch any.
%/ports/mps2/uart.c.o %/ports/mps2/interrupt.c.o %/ports/mps2/fault.c.o %/ports/mps2/keep.c.o %/c/console.c.o: CFLAGS += -mgeneral-regs-only
# The bench reads it out of the ELF by its name, which the linker would take the liberty to drop.
%/build_id-$(APP).o: CFLAGS += -fno-lto
