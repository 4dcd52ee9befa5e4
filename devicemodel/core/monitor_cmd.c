/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The commands, one table row each. A request is checked whole before anything is done: members, types, arguments; what is
 * not known is refused by name.
 */
#include "core/monitor_cmd.h"

#include <errno.h>
#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/control.h"
#include "core/monitor.h"
#include "core/monitor_stats.h"
#include "core/reboot.h"
#include "core/vm.h"

#define ARGS_MAX 3
#define REQUEST_ID_MAX 128

/* Why a command is not obeyed. */
struct refusal {
	const char *code;
	char message[320];
};

struct arg {
	const char *name;
	json_type type;
	bool optional;
};

struct call {
	struct vm *vm;
	const json_t *args;
	struct monitor_client_state *client;
	struct refusal *no;
};

struct command {
	const char *name;
	/* The result, a new object; NULL with call->no filled. */
	json_t *(*run)(struct call *call);
	struct arg args[ARGS_MAX];	/* ends with a NULL name */
};

static __attribute__((format(printf, 3, 4))) json_t *refuse(struct refusal *no, const char *code, const char *fmt, ...)
{
	va_list ap;

	no->code = code;
	va_start(ap, fmt);
	vsnprintf(no->message, sizeof(no->message), fmt, ap);
	va_end(ap);
	return NULL;
}

json_t *monitor_text(const char *text)
{
	json_t *string = json_string(text);
	char *copy;

	if (string)
		return string;
	copy = strdup(text);
	for (char *p = copy; p && *p; p++)
		if (*p & 0x80)
			*p = '?';
	string = json_string(copy ? copy : "");
	free(copy);
	return string;
}

const char *monitor_state_name(const struct vm *vm)
{
	static const char *const name[] = {
		[VM_LIFE_CREATED] = "created", [VM_LIFE_RUNNING] = "running", [VM_LIFE_PAUSED] = "paused",
	};
	int stop = atomic_load(&((struct vm *)vm)->stop);

	if (vm->life != VM_LIFE_STOPPING && stop == VM_RUN)
		return name[vm->life];
	return stop == VM_STOP_RESET || stop == VM_RUN ? "resetting" : "stopping";
}

/* The state a command needs; otherwise it is refused. */
static bool in_state(struct call *call, enum vm_life life)
{
	if (call->vm->life == life && vm_stop_reason(call->vm) == VM_RUN)
		return true;
	refuse(call->no, "wrong_state", "the VM is %s; this needs it %s", monitor_state_name(call->vm),
	       life == VM_LIFE_RUNNING ? "running" : "paused");
	return false;
}

static json_t *devices_of(const struct vm *vm)
{
	json_t *list = json_array();
	const struct config_node *node;
	size_t pos = 0;

	while ((node = config_next(&vm->config, "pci.", &pos))) {
		unsigned int slot, func;
		const char *options;
		char key[32], tail[8];

		if (sscanf(node->key, "pci.%2u.%1u.%7s", &slot, &func, tail) != 3 || strcmp(tail, "device") != 0)
			continue;
		snprintf(key, sizeof(key), "pci.%02u.%u.options", slot, func);
		options = config_get(&vm->config, key);
		json_array_append_new(list, json_pack("{s:i, s:i, s:o, s:o}", "slot", (int)slot, "func", (int)func,
						      "device", monitor_text(node->value), "options",
						      monitor_text(options ? options : "")));
	}
	return list;
}

static json_t *serial_of(const struct vm *vm)
{
	json_t *list = json_array();
	const struct config_node *node;
	size_t pos = 0;

	while ((node = config_next(&vm->config, "lpc.com", &pos)))
		json_array_append_new(list, json_pack("{s:s, s:o}", "port", node->key + strlen("lpc."), "backend",
						      monitor_text(node->value)));
	return list;
}

static json_t *run_query(struct call *call)
{
	const struct vm *vm = call->vm;

	return json_pack("{s:o, s:s, s:i, s:i, s:I, s:I, s:s, s:b, s:o, s:o}", "vm", monitor_text(vm->name), "state",
			 monitor_state_name(vm), "vmid", (int)vm->vmid, "vcpus", (int)vm->nr_vcpus, "memory_bytes",
			 (json_int_t)config_get_u64(&vm->config, "memory.size", 0), "resets", (json_int_t)vm->nr_resets,
			 "reboot", reboot_state(vm), "exit_on_reset", (int)config_get_bool(&vm->config, "reset.exit"), "devices", devices_of(vm),
			 "serial", serial_of(vm));
}

static json_t *run_pause(struct call *call)
{
	struct vm *vm = call->vm;
	int err;

	if (!in_state(call, VM_LIFE_RUNNING))
		return NULL;
	err = hsm_vm_pause(&vm->hsm);
	if (err)
		return refuse(call->no, "failed", "the hypervisor did not pause the VM: %s", strerror(-err));
	vm->life = VM_LIFE_PAUSED;
	monitor_event(vm, "paused", NULL);
	return json_object();
}

static json_t *run_resume(struct call *call)
{
	struct vm *vm = call->vm;
	int err;

	if (!in_state(call, VM_LIFE_PAUSED))
		return NULL;
	err = vm_start(vm);
	if (err)
		return refuse(call->no, "failed", "the hypervisor did not resume the VM: %s", strerror(-err));
	vm->start_paused = false;
	vm->life = VM_LIFE_RUNNING;
	monitor_event(vm, "resumed", NULL);
	return json_object();
}

/* The VM runs and has a button. */
static bool has_button(struct call *call)
{
	if (!in_state(call, VM_LIFE_RUNNING))
		return false;
	if (!call->vm->power_button.press)
		refuse(call->no, "failed", "this VM has no power button");
	return call->vm->power_button.press;
}

static json_t *press_button(struct call *call, bool unheard)
{
	struct vm *vm = call->vm;

	return json_pack("{s:b}", "listening", (int)vm->power_button.press(vm->power_button.arg, unheard));
}

static json_t *run_stop(struct call *call)
{
	struct vm *vm = call->vm;

	if (vm->life != VM_LIFE_PAUSED || !vm->start_paused) {
		if (!has_button(call))
			return NULL;
		reboot_forget(vm);
		return press_button(call, true);
	}
	/* Nothing has run in it that would have to be asked. */
	vm_request_stop(vm, VM_STOP_DESTROY);
	return json_pack("{s:b}", "listening", 1);
}

/* A guest that does not listen is left alone: it would find the button pressed later, and stay off. */
static json_t *run_reboot(struct call *call)
{
	const json_t *given = json_object_get(call->args, "limit_s");
	json_int_t limit = given ? json_integer_value(given) : REBOOT_LIMIT_S;
	json_t *result;
	int err;

	if (limit < 1 || limit > REBOOT_LIMIT_MAX_S)
		return refuse(call->no, "bad_argument", "limit_s %lld: it is 1 to %u seconds", (long long)limit, REBOOT_LIMIT_MAX_S);
	if (!has_button(call))
		return NULL;
	err = reboot_wish(call->vm, limit);
	if (err)
		return refuse(call->no, "failed", "no timer for its time limit: %s", strerror(-err));
	result = press_button(call, false);
	if (!json_is_true(json_object_get(result, "listening")))
		reboot_forget(call->vm);
	return result;
}

/* Also a paused VM may be reset or ended. */
static bool may_end(struct call *call)
{
	if (call->vm->life == VM_LIFE_RUNNING || call->vm->life == VM_LIFE_PAUSED)
		return true;
	refuse(call->no, "wrong_state", "the VM is %s; this needs it running or paused", monitor_state_name(call->vm));
	return false;
}

static json_t *run_reset(struct call *call)
{
	if (!may_end(call))
		return NULL;
	call->vm->reset_asked = true;
	vm_request_stop(call->vm, VM_STOP_RESET);
	return json_object();
}

static json_t *run_destroy(struct call *call)
{
	vm_request_stop(call->vm, VM_STOP_DESTROY);
	return json_object();
}

static json_t *run_blkrescan(struct call *call)
{
	json_int_t slot = json_integer_value(json_object_get(call->args, "slot"));
	json_int_t func = json_integer_value(json_object_get(call->args, "func"));
	const char *path = json_string_value(json_object_get(call->args, "path"));
	const char *why = NULL;
	struct control *c;
	char place[8];
	int err;

	if (slot < 0 || slot > 31 || func < 0 || func > 7)
		return refuse(call->no, "bad_argument", "slot %lld, func %lld: slots are 0 to 31, functions 0 to 7",
			      (long long)slot, (long long)func);
	if (path[0] != '/')
		return refuse(call->no, "bad_argument", "path '%.200s' must begin with '/'", path);
	snprintf(place, sizeof(place), "%u:%u", (unsigned int)slot, (unsigned int)func);
	c = control_find(call->vm, place);
	if (!c || !c->rescan)
		return refuse(call->no, "bad_argument", "there is no disk in slot %s", place);
	err = c->rescan(c, path, &why);
	if (err)
		return refuse(call->no, "failed", "%.200s: %s", path, why ? why : strerror(-err));
	return json_object();
}

static json_t *run_statistics(struct call *call)
{
	return monitor_stats(call->vm);
}

static json_t *run_subscribe(struct call *call)
{
	call->client->subscribed = true;
	return json_pack("{s:s}", "state", monitor_state_name(call->vm));
}

static json_t *run_unsubscribe(struct call *call)
{
	call->client->subscribed = false;
	return json_object();
}

static json_t *run_tie(struct call *call)
{
	call->client->tied = true;
	return json_object();
}

static json_t *run_commands(struct call *call);

static const struct command commands[] = {
	{ "query", run_query, { { 0 } } },
	{ "pause", run_pause, { { 0 } } },
	{ "resume", run_resume, { { 0 } } },
	{ "stop", run_stop, { { 0 } } },
	{ "reboot", run_reboot, { { "limit_s", JSON_INTEGER, true } } },
	{ "reset", run_reset, { { 0 } } },
	{ "destroy", run_destroy, { { 0 } } },
	{ "blkrescan", run_blkrescan,
	  { { "slot", JSON_INTEGER, false }, { "func", JSON_INTEGER, true }, { "path", JSON_STRING, false } } },
	{ "statistics", run_statistics, { { 0 } } },
	{ "subscribe", run_subscribe, { { 0 } } },
	{ "register_vm_event_client", run_subscribe, { { 0 } } },	/* the reference's name for it */
	{ "unsubscribe", run_unsubscribe, { { 0 } } },
	{ "tie", run_tie, { { 0 } } },
	{ "commands", run_commands, { { 0 } } },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static json_t *run_commands(struct call *call)
{
	json_t *list = json_array();

	(void)call;
	for (size_t i = 0; i < NR_COMMANDS; i++)
		json_array_append_new(list, json_string(commands[i].name));
	return json_pack("{s:o}", "commands", list);
}

static const struct command *command_of(const char *name, struct refusal *no)
{
	char known[256] = "";

	for (size_t i = 0; i < NR_COMMANDS; i++) {
		size_t len = strlen(known);

		if (strcmp(commands[i].name, name) == 0)
			return &commands[i];
		snprintf(known + len, sizeof(known) - len, "%s%s", i ? ", " : "", commands[i].name);
	}
	refuse(no, "unknown_command", "there is no command '%.32s'; there are %s", name, known);
	return NULL;
}

static const char *type_name(json_type type)
{
	static const char *const name[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "an array", [JSON_STRING] = "a string",
		[JSON_INTEGER] = "a whole number", [JSON_REAL] = "a number with a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false", [JSON_NULL] = "null",
	};

	return name[type];
}

static const struct arg *arg_of(const struct command *cmd, const char *name)
{
	for (int i = 0; i < ARGS_MAX && cmd->args[i].name; i++)
		if (strcmp(cmd->args[i].name, name) == 0)
			return &cmd->args[i];
	return NULL;
}

static bool args_ok(const struct command *cmd, const json_t *args, struct refusal *no)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)args, name, value) {
		const struct arg *arg = arg_of(cmd, name);

		if (!arg) {
			refuse(no, "bad_argument", "command '%s' has no argument '%.64s'", cmd->name, name);
			return false;
		}
		if (json_typeof(value) != arg->type) {
			refuse(no, "bad_argument", "argument '%s' of command '%s' must be %s, not %s", name, cmd->name,
			       type_name(arg->type), type_name(json_typeof(value)));
			return false;
		}
	}
	for (int i = 0; i < ARGS_MAX && cmd->args[i].name; i++) {
		if (cmd->args[i].optional || json_object_get(args, cmd->args[i].name))
			continue;
		refuse(no, "bad_argument", "command '%s' needs argument '%s', %s", cmd->name, cmd->args[i].name,
		       type_name(cmd->args[i].type));
		return false;
	}
	return true;
}

/* The members of a request. */
static bool members_ok(const json_t *request, struct refusal *no)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)request, name, value) {
		bool id = strcmp(name, "id") == 0, command = strcmp(name, "command") == 0;
		bool right = id ? json_is_integer(value) || (json_is_string(value) && json_string_length(value) <= REQUEST_ID_MAX)
				: command ? json_is_string(value) : json_is_object(value);

		if (!id && !command && strcmp(name, "arguments") != 0) {
			refuse(no, "bad_request", "a request has members command, arguments and id, not '%.64s'", name);
			return false;
		}
		if (!right) {
			refuse(no, "bad_request", "member '%s' must be %s, not %s", name,
			       id ? "a whole number or a string of at most 128 bytes" : command ? "a string" : "an object",
			       type_name(json_typeof(value)));
			return false;
		}
	}
	if (json_object_get(request, "command"))
		return true;
	refuse(no, "bad_request", "member 'command' is missing");
	return false;
}

static json_t *run(struct vm *vm, const json_t *request, struct monitor_client_state *client, struct refusal *no)
{
	const json_t *args = json_object_get(request, "arguments");
	struct call call = { .vm = vm, .args = args, .client = client, .no = no };
	const struct command *cmd;

	if (!members_ok(request, no))
		return NULL;
	cmd = command_of(json_string_value(json_object_get(request, "command")), no);
	if (!cmd || !args_ok(cmd, args, no))
		return NULL;
	return cmd->run(&call);
}

static json_t *no_answer(const struct refusal *no)
{
	return json_pack("{s:b, s:{s:s, s:o}}", "ok", 0, "error", "code", no->code, "message", monitor_text(no->message));
}

json_t *monitor_refusal(const char *code, const char *message)
{
	struct refusal no = { .code = code };

	snprintf(no.message, sizeof(no.message), "%s", message);
	return no_answer(&no);
}

/* The members by which a client knows what it is the answer to. */
static void add_names(json_t *answer, const json_t *request)
{
	json_t *id = json_object_get(request, "id"), *command = json_object_get(request, "command");

	if (json_is_string(command) && json_string_length(command) <= REQUEST_ID_MAX)
		json_object_set(answer, "command", command);
	if (json_is_integer(id) || (json_is_string(id) && json_string_length(id) <= REQUEST_ID_MAX))
		json_object_set(answer, "id", id);
}

json_t *monitor_obey(struct vm *vm, const char *line, size_t len, struct monitor_client_state *client)
{
	struct refusal no = { .code = "failed", .message = "out of memory" };
	json_error_t error;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error), *result = NULL, *answer;

	if (!request)
		refuse(&no, "parse", "not JSON: %s at byte %d", error.text, error.position);
	else if (!json_is_object(request))
		refuse(&no, "bad_request", "a request is an object such as {\"command\":\"query\"}, not %s",
		       type_name(json_typeof(request)));
	else
		result = run(vm, request, client, &no);
	answer = result ? json_pack("{s:b, s:o}", "ok", 1, "result", result) : no_answer(&no);
	if (answer && json_is_object(request))
		add_names(answer, request);
	json_decref(request);
	return answer;
}
