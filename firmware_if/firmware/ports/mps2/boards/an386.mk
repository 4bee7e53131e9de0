# Cortex-M4F: single precision in hardware, double in software, where all but the calls is small change.
TARGET_NAME := qemu-mps2-an386
PSRAM_BASE := 0x21000000
CPU_FLAGS := -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=softfp
# Learners with kernels for this core (kernels_vfp.h) are worth their size, as they stand.
%/learners/arow_f32.o %/learners/nherd_f32.o: LEARNER_FLAGS_f32 := -O2 -fno-lto
