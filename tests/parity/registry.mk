# The learners and feature maps alone, as a shared library and as a sanitized program.
# Set: ROOT, BUILD, CC, CFLAGS; DRIVER for the program.
all: $(BUILD)/registry.so

include $(ROOT)/firmware/registry.mk

$(BUILD)/registry.so: $(REGISTRY_OBJECTS)
	$(CC) $(CFLAGS) -shared -o $@ $^ -lm

$(BUILD)/driver: $(DRIVER) $(REGISTRY_OBJECTS)
	$(CC) $(CFLAGS) -I$(ROOT)/c -o $@ $^ -lm

.PHONY: all
