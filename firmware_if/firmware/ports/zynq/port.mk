# Bare-metal Cortex-A9 of a Zynq-7000: QEMU's xilinx-zynq-a9 as it stands.
# For silicon (compiled, not yet run there) name the core's clock: its cycle counter is then the meter, and
# measurements leave interrupts enabled:  make PORT=zynq TARGET_NAME=my-zynq CPU_HZ=666666687 [UART_CLOCK_HZ=100000000]
CROSS_COMPILE ?= arm-none-eabi-
override CC := $(CROSS_COMPILE)gcc

TARGET_NAME ?= qemu-zynq-a9
UART_CLOCK_HZ ?= 100000000
BAUD ?= 115200
ARENA_BYTES := 1048576
DATA_BYTES := 4194304
STACK_BYTES := 65536
HANDLER_STACK_BYTES := 4096
# How long a watchdog that was asked for waits for progress: a row, a mini-batch, a telecommand.
WATCHDOG_MS ?= 4000

LINK_SCRIPT := ports/zynq/link.ld
# Unaligned accesses fault while the MMU is off.
CFLAGS += -mcpu=cortex-a9 -mfpu=neon-vfpv3 -mfloat-abi=hard -marm -mno-unaligned-access \
          -fno-unwind-tables -fno-asynchronous-unwind-tables \
          -DWATCHDOG_MS=$(WATCHDOG_MS)u -DUART_CLOCK_HZ=$(UART_CLOCK_HZ)u -DUART_BAUD=$(BAUD)u
LDFLAGS += -nostartfiles -T $(LINK_SCRIPT) -Wl,-z,max-page-size=32 \
           -Wl,--defsym=STACK_BYTES=$(STACK_BYTES),--defsym=HANDLER_STACK_BYTES=$(HANDLER_STACK_BYTES)

ifdef CPU_HZ
CFLAGS += -DZYNQ_CPU_HZ=$(CPU_HZ)u
VARIANT := -$(TARGET_NAME)
endif

# The interrupt entry saves core registers only, so what runs under it must not touch VFP or NEON registers.
build/zynq%/uart.c.o build/zynq%/interrupt.c.o build/zynq%/fault.c.o build/zynq%/watchdog.c.o %/c/console.c.o: CFLAGS += -mgeneral-regs-only
build/zynq%/memory.c.o: CFLAGS += -fno-builtin -fno-tree-loop-distribute-patterns
