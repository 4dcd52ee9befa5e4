/* SPDX-License-Identifier: BSD-3-Clause */
/* acrnctl: manage the user VMs of this Service VM. Each command is one row. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "tools/acrnctl/acrnctl.h"
#include "tools/common/args.h"

struct command {
	const char *name;
	int (*run)(int argc, char **argv);
	int min, max;			/* arguments, -1: any number */
	const char *options;		/* letters of the options it takes besides --json */
	const char *usage, *help;
};

static const struct command commands[] = {
	{ "list", cmd_list, 0, -1, "", "[VM...]", "VMs and their states" },
	{ "add", cmd_add, 1, -1, "n", "[-n NAME] FILE [ARG...]", "define a VM by a launch file and its arguments" },
	{ "del", cmd_del, 1, -1, "", "VM...", "forget the definition of a VM that is stopped" },
	{ "set", cmd_set, 1, -1, "", "VM [KEY=VALUE...]", "settings: autostart, order, stop_timeout, start_at, group, arg" },
	{ "start", cmd_start, 1, -1, "t", "[-t SECONDS] VM...", "start, and wait until it runs" },
	{ "stop", cmd_stop, 1, -1, "ft", "[-f] [-t SECONDS] VM...", "shut down and wait for the end; -f: at once" },
	{ "reboot", cmd_reboot, 1, -1, "t", "[-t SECONDS] VM...", "ask the guest to shut down, and boot it again" },
	{ "reset", cmd_reset, 1, -1, "", "VM...", "reset" },
	{ "pause", cmd_pause, 1, -1, "", "VM...", "stop its virtual CPUs" },
	{ "resume", cmd_resume, 1, -1, "", "VM...", "let a paused VM go on" },
	{ "blkrescan", cmd_blkrescan, 2, 2, "", "VM SLOT[:FUNC],FILE", "give a disk made with nodisk its file" },
	{ "console", cmd_console, 1, 1, "p", "[-p comN] VM", "its serial port; leave with Ctrl-]" },
	{ "top", cmd_top, 0, -1, "nd", "[-d SECONDS] [-n ROUNDS] [VM...]", "what running VMs do" },
	{ "events", cmd_events, 1, 1, "n", "[-n NUMBER] VM", "its events, until it ends" },
};

#define NR_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct option longs[] = {
	{ "json", no_argument, NULL, 'j' }, { "force", no_argument, NULL, 'f' }, { "timeout", required_argument, NULL, 't' },
	{ "name", required_argument, NULL, 'n' }, { "rounds", required_argument, NULL, 'n' },
	{ "delay", required_argument, NULL, 'd' }, { "port", required_argument, NULL, 'p' },
	{ "help", no_argument, NULL, 'h' }, { 0 }
};

struct ctl_options ctl = { .delay_s = 2 };

static void usage(FILE *out)
{
	fputs("usage: acrnctl COMMAND [OPTION...] [ARG...]\n\n", out);
	for (size_t i = 0; i < NR_COMMANDS; i++)
		fprintf(out, "  %-9s %-34s %s\n", commands[i].name, commands[i].usage, commands[i].help);
	fputs("\nWith --json every result is a JSON object a line. \"acrnctl COMMAND --help\" shows one command.\n", out);
}

static int usage_of(const struct command *cmd, FILE *out)
{
	fprintf(out, "usage: acrnctl %s [--json] %s\n%s\n", cmd->name, cmd->usage, cmd->help);
	return out == stderr ? CTL_USAGE : CTL_OK;
}

static const struct command *command_of(const char *name)
{
	for (size_t i = 0; i < NR_COMMANDS; i++)
		if (!strcmp(commands[i].name, name))
			return &commands[i];
	return NULL;
}

/* False, and said, if the option's argument is not right. */
static bool take(int option, bool name)
{
	uint64_t n = 0;

	switch (option) {
	case 'j':
		ctl.json = true;
		return true;
	case 'f':
		ctl.force = true;
		return true;
	case 'p':
		ctl.port = optarg;
		return true;
	case 'n':
		ctl.name = optarg;
		if (name || args_number(optarg, 1, 1000000, &n))
			break;
		/* fall through */
	default:
		if (args_number(optarg, 1, 86400, &n))
			break;
		fprintf(stderr, "acrnctl: option -%c does not take \"%s\"; it takes a number from 1\n", option, optarg);
		return false;
	}
	*(option == 't' ? &ctl.timeout_s : option == 'd' ? &ctl.delay_s : &ctl.rounds) = n;
	return true;
}

/* CTL_OK with optind at the first argument, CTL_USAGE, or -1: help was shown. */
static int parse(const struct command *cmd, int argc, char **argv)
{
	/* '+': what follows the first argument may look like options, as for add. */
	const char *letters = !strcmp(cmd->name, "add") ? "+jft:n:d:p:h" : "jft:n:d:p:h";
	int c;

	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		if (c == 'h') {
			usage_of(cmd, stdout);
			return -1;
		}
		if (c == '?')
			return usage_of(cmd, stderr);
		if (c != 'j' && !strchr(cmd->options, c)) {
			fprintf(stderr, "acrnctl: command %s has no option -%c\n", cmd->name, c);
			return usage_of(cmd, stderr);
		}
		if (!take(c, !strcmp(cmd->name, "add")))
			return CTL_USAGE;
	}
	return CTL_OK;
}

int main(int argc, char **argv)
{
	const struct command *cmd;
	int code, nr;

	/* Results are read by programs as they come. */
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2 || !strcmp(argv[1], "help") || !strcmp(argv[1], "--help") || !strcmp(argv[1], "-h")) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? CTL_USAGE : CTL_OK;
	}
	cmd = command_of(argv[1]);
	if (!cmd) {
		fprintf(stderr, "acrnctl: there is no command \"%s\"\n", argv[1]);
		usage(stderr);
		return CTL_USAGE;
	}
	code = parse(cmd, argc - 1, argv + 1);
	if (code != CTL_OK)
		return code < 0 ? CTL_OK : code;
	nr = argc - 1 - optind;
	/* As the reference has it: "acrnctl start help". */
	if (nr == 1 && !strcmp(argv[1 + optind], "help"))
		return usage_of(cmd, stdout);
	if (nr < cmd->min || (cmd->max >= 0 && nr > cmd->max)) {
		fprintf(stderr, "acrnctl: command %s needs %s\n", cmd->name, cmd->usage);
		return CTL_USAGE;
	}
	return cmd->run(nr, argv + 1 + optind);
}
