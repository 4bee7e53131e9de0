# The learners of the registry and the meter that the payload measures them with, in a folder of their own.
# CMSIS_DSP=folder of its sources adds arm_dot_prod_f32, compiled as its authors advise with the core's own flags.
BUILD := $(BUILD)/kernels$(if $(CMSIS_DSP),-cmsis)
ELF := $(BUILD)/kernels.elf
APP_WANTS_REGISTRY := yes
CORE_SOURCES := $(ROOT)/c/meter.c
$(BUILD)/app/kernels.c.o: CFLAGS += -DHIL_F32 -ffp-contract=fast -fno-math-errno $(if $(CMSIS_DSP),-DCMSIS_DSP)

ifdef CMSIS_DSP
APP_OBJECTS := $(BUILD)/app/arm_dot_prod_f32.o
$(APP_OBJECTS): $(CMSIS_DSP)/Source/BasicMathFunctions/arm_dot_prod_f32.c $(BUILD)/flags
	@mkdir -p $(@D)
	@$(CC) $(filter -m%,$(CFLAGS)) -std=gnu11 -Ofast -D__GNUC_PYTHON__ -DARM_MATH_LOOPUNROLL \
	    $(if $(findstring neon,$(CFLAGS)),-DARM_MATH_NEON) -I$(CMSIS_DSP)/Include -I$(CMSIS_DSP)/PrivateInclude -c $< -o $@
endif
