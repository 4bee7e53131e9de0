# Cortex-M4F: single precision in hardware, double in software.
TARGET_NAME := qemu-mps2-an386
PSRAM_BASE := 0x21000000
CPU_FLAGS := -mcpu=cortex-m4 -mfpu=fpv4-sp-d16
