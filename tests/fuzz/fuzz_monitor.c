/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fuzz target for the command socket's requests (libFuzzer's entry point): the input is lines. Each has one answer, one line of
 * JSON, which says yes or names what is wrong; and only commands change the VM's state.
 */
/* fuzz: devicemodel/core/affinity.c devicemodel/core/monitor_cmd.c devicemodel/core/monitor_stats.c devicemodel/core/reboot.c devicemodel/core/control.c devicemodel/core/config.c devicemodel/core/log.c devicemodel/core/timer.c devicemodel/core/event.c devicemodel/core/vm.c devicemodel/core/bus.c devicemodel/core/irq.c devicemodel/core/mem.c tests/fake/dm_hsm.c */
/* fuzz-flags: -Idevicemodel -D_GNU_SOURCE */
/* fuzz-libs: -ljansson -lpthread */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/monitor.h"
#include "core/monitor_cmd.h"
#include "core/vm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct vm vm = VM_INITIALIZER;

void monitor_event(struct vm *v, const char *name, struct json_t *data)
{
	(void)v, (void)name;
	json_decref(data);
}

static int rescan(struct control *control, const char *path, const char **why)
{
	(void)control;
	if (path[0] != '/')
		abort();
	*why = NULL;
	return strlen(path) % 2 ? -1 : 0;
}

static bool press(void *arg, bool unheard)
{
	(void)arg, (void)unheard;
	return true;
}

static struct control disk = { .kind = "block", .name = "\xff", .place = "3:0", .rescan = rescan };

static void begin(void)
{
	config_set(&vm.config, "pci.03.0.device", "virtio-blk");
	config_set(&vm.config, "pci.03.0.options", "\xc3\x28");
	config_set(&vm.config, "lpc.com1", "stdio");
	vm.power_button.press = press;
	control_add(&vm, &disk);
}

static void check_answer(json_t *answer)
{
	const char *code = json_string_value(json_object_get(json_object_get(answer, "error"), "code"));
	const char *message = json_string_value(json_object_get(json_object_get(answer, "error"), "message"));
	bool ok = json_is_true(json_object_get(answer, "ok"));
	char *text = json_dumps(answer, JSON_COMPACT);
	json_t *again = text ? json_loads(text, 0, NULL) : NULL;

	if (!again || strchr(text, '\n') || strlen(text) >= MONITOR_OUT_MAX || !json_equal(again, answer))
		abort();
	if (ok ? !json_is_object(json_object_get(answer, "result")) : !code || !*code || !message || !*message)
		abort();
	json_decref(again);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct monitor_client_state client = { false };

	if (!vm.controls)
		begin();
	vm.life = VM_LIFE_RUNNING;
	atomic_store(&vm.stop, VM_RUN);
	while (size) {
		const uint8_t *end = memchr(data, '\n', size);
		size_t len = end ? (size_t)(end - data) : size;
		/* Alone in its memory, so that the sanitizer sees the first byte read behind it. */
		char *line = malloc(len ? len : 1);
		json_t *answer;

		memcpy(line, data, len);
		answer = monitor_obey(&vm, line, len, &client);
		if (!answer)
			abort();
		check_answer(answer);
		json_decref(answer);
		free(line);
		if (vm.life != VM_LIFE_RUNNING && vm.life != VM_LIFE_PAUSED)
			abort();
		size -= end ? len + 1 : len;
		data += end ? len + 1 : len;
	}
	return 0;
}
