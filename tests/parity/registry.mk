# The learners and feature maps alone: as objects, as a shared library, as a program for the sanitizers.
# Set: ROOT, BUILD, CC, CFLAGS; DRIVER for the program.
all: $(BUILD)/registry.so

include $(ROOT)/firmware/registry.mk

$(BUILD)/objects: $(REGISTRY_OBJECTS)

$(BUILD)/registry.so: $(REGISTRY_OBJECTS)
	$(CC) $(CFLAGS) -shared -o $@ $^ -lm

$(BUILD)/driver: $(DRIVER) $(REGISTRY_OBJECTS)
	$(CC) $(CFLAGS) -I$(ROOT)/c -o $@ $^ -lm

.PHONY: all $(BUILD)/objects
