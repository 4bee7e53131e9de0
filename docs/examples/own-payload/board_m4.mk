CC := arm-none-eabi-gcc
LINK_SCRIPT := board_m4.ld
CFLAGS += -mcpu=cortex-m4 -mfpu=fpv4-sp-d16 -mfloat-abi=hard -mthumb
LDFLAGS += --specs=nano.specs --specs=nosys.specs -nostartfiles -T $(LINK_SCRIPT)
ifeq ($(METER),dwt)
CFLAGS += -DMETER_DWT
endif
