# Cortex-M7: single and double precision in hardware.
TARGET_NAME := qemu-mps2-an500
PSRAM_BASE := 0x60000000
CPU_FLAGS := -mcpu=cortex-m7 -mfpu=fpv5-d16 -mfloat-abi=hard
LEARNER_FLAGS_flight := -O2
LEARNER_FLAGS_f64 := -O2
LEARNER_FLAGS_f32 := -O2
%/learners/arow_f32.o %/learners/nherd_f32.o: LEARNER_FLAGS_f32 := -O2 -fno-lto
