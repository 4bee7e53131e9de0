# Cortex-M7: single and double precision in hardware.
TARGET_NAME := qemu-mps2-an500
PSRAM_BASE := 0x60000000
CPU_FLAGS := -mcpu=cortex-m7 -mfpu=fpv5-d16
