/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The keyboard controller, as far as software uses it without a keyboard: the reset pulse, self test,
 * command byte, and swallowed output-port writes. The ACPI tables say that there is no 8042, so Linux
 * only comes here to reset.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "core/vm.h"
#include "platform/platform.h"

#define DATA_PORT	0x60
#define COMMAND_PORT	0x64

#define STATUS_OUTPUT	0x01
#define STATUS_SYSTEM	0x04

#define CMD_READ_BYTE	0x20
#define CMD_WRITE_BYTE	0x60
#define CMD_SELF_TEST	0xAA
#define CMD_WRITE_PORT	0xD1
#define CMD_RESET_PULSE	0xFE
#define SELF_TEST_OK	0x55

struct i8042 {
	struct vm *vm;
	struct bus_range data, command;
	uint8_t command_byte, output, last_command;
	bool full;
};

static uint64_t data_read(void *dev, uint64_t offset, unsigned int size)
{
	struct i8042 *k = dev;

	(void)offset, (void)size;
	k->full = false;
	return k->output;
}

static void data_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct i8042 *k = dev;

	(void)offset, (void)size;
	if (k->last_command == CMD_WRITE_BYTE)
		k->command_byte = value;
	k->last_command = 0;
}

static uint64_t status_read(void *dev, uint64_t offset, unsigned int size)
{
	struct i8042 *k = dev;

	(void)offset, (void)size;
	return STATUS_SYSTEM | (k->full ? STATUS_OUTPUT : 0);
}

static void answer(struct i8042 *k, uint8_t value)
{
	k->output = value;
	k->full = true;
}

static void command_write(void *dev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct i8042 *k = dev;

	(void)offset, (void)size;
	k->last_command = value;
	if (value == CMD_RESET_PULSE)
		vm_request_stop(k->vm, VM_STOP_RESET);
	else if (value == CMD_SELF_TEST)
		answer(k, SELF_TEST_OK);
	else if (value == CMD_READ_BYTE)
		answer(k, k->command_byte);
}

static const struct bus_ops data_ops = { .read = data_read, .write = data_write };
static const struct bus_ops command_ops = { .read = status_read, .write = command_write };

static void i8042_reset(void *state)
{
	struct i8042 *k = state;

	k->command_byte = k->output = k->last_command = 0;
	k->full = false;
}

static void i8042_fini(void *state)
{
	struct i8042 *k = state;

	bus_unregister(&k->vm->bus, &k->data);
	bus_unregister(&k->vm->bus, &k->command);
	free(k);
}

static int i8042_init(struct vm *vm, void **state)
{
	struct i8042 *k = calloc(1, sizeof(*k));
	int err;

	if (!k)
		return -ENOMEM;
	k->vm = vm;
	k->data = (struct bus_range){ "i8042 data", BUS_PIO, DATA_PORT, 1, &data_ops, k };
	k->command = (struct bus_range){ "i8042 command", BUS_PIO, COMMAND_PORT, 1, &command_ops, k };
	err = bus_register(&vm->bus, &k->data);
	if (!err)
		err = bus_register(&vm->bus, &k->command);
	if (err) {
		i8042_fini(k);
		return err;
	}
	*state = k;
	return 0;
}

const struct platform_ops i8042_ops = {
	.name = "i8042", .init = i8042_init, .fini = i8042_fini, .reset = i8042_reset,
};
