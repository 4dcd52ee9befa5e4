/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * acrn-dm's options: one table row each. Options of the reference that are obsolete are accepted with a
 * note; those this version cannot honour are refused by name. Nothing is ignored in silence.
 */
#include "core/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/affinity.h"
#include "core/config.h"
#include "core/log.h"
#include "public/irq.h"

#define NAME_MAX_LEN	15u
#define MAX_PCPUS	64u
#define NR_SLOTS	32
#define NR_FUNCS	8
#define DEFAULT_MEMORY	"256M"
#define ARGS_MAX	4095u
#define MONITOR_VARIABLE "ACRN_CMD_MONITOR"
#define PAUSED_VARIABLE	"ACRN_PAUSED"

struct option_row {
	char letter;			/* 0: long form only */
	const char *name;
	const char *arg;		/* what the help calls its argument, NULL: it has none */
	/* Act on the option; false with a message when the argument is wrong. */
	bool (*handle)(struct config *cfg, const struct option_row *row, const char *arg);
	const char *extra;		/* the key to set, or why it is refused */
	const char *help;		/* NULL: not listed */
};

/* Allocation of a few bytes failing is the only way this can go wrong. */
static bool set(struct config *cfg, const char *key, const char *value)
{
	if (config_set(cfg, key, value) == 0)
		return true;
	log_error("out of memory");
	return false;
}

static bool set_key(struct config *cfg, const struct option_row *row, const char *arg)
{
	return set(cfg, row->extra, arg ? arg : "true");
}

static bool set_args(struct config *cfg, const struct option_row *row, const char *arg)
{
	if (strlen(arg) > ARGS_MAX) {
		log_error("--%s: %zu characters, at most %u fit", row->name, strlen(arg), ARGS_MAX);
		return false;
	}
	return set(cfg, row->extra, arg);
}

static bool set_kernel(struct config *cfg, const struct option_row *row, const char *arg)
{
	if (config_get(cfg, row->extra)) {
		log_error("--%s '%s': a kernel was given already; use one of -k and -E, once", row->name, arg);
		return false;
	}
	return set(cfg, row->extra, arg);
}

static bool note_obsolete(struct config *cfg, const struct option_row *row, const char *arg)
{
	(void)cfg, (void)arg;
	log_info("note: --%s is obsolete and has no effect", row->name);
	return true;
}

static bool refuse(struct config *cfg, const struct option_row *row, const char *arg)
{
	(void)cfg, (void)arg;
	log_error("--%s is not supported by this version: %s", row->name, row->extra);
	return false;
}

static bool note_iasl(struct config *cfg, const struct option_row *row, const char *arg)
{
	(void)cfg, (void)row, (void)arg;
	log_info("note: --iasl is not needed, ACPI tables are built without it");
	return true;
}

/* N[BKMG]; without a letter, megabytes below 1048576 and bytes from there on. */
static bool set_memsize(struct config *cfg, const struct option_row *row, const char *arg)
{
	unsigned int shift = 0;
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(arg, &end, 10);
	switch (toupper((unsigned char)*end)) {
	case 'G':
		shift = 30;
		end++;
		break;
	case 'M':
		shift = 20;
		end++;
		break;
	case 'K':
		shift = 10;
		end++;
		break;
	case 'B':
		end++;
		break;
	case '\0':
		shift = n < (1u << 20) ? 20 : 0;
		break;
	}
	if (!isdigit((unsigned char)arg[0]) || *end || errno || n == 0 || n > UINT64_MAX >> shift) {
		log_error("--%s '%s': expected a size such as 512M, 2G, or 524288K", row->name, arg);
		return false;
	}
	if (config_setf(cfg, row->extra, "%llu", (unsigned long long)(n << shift)) == 0)
		return true;
	log_error("out of memory");
	return false;
}

/* Ids are looked up when the VM is created (affinity.c); numbers are the scenario's. */
static bool set_affinity(struct config *cfg, const struct option_row *row, const char *arg)
{
	const bool ids = !strcmp(row->extra, "cpu.affinity");
	uint32_t list[AFFINITY_MAX];
	unsigned int nr = affinity_parse(arg, list);
	bool fits = nr > 0;

	for (unsigned int i = 0; i < nr; i++)
		fits &= ids || list[i] < MAX_PCPUS;
	if (!fits)
		log_error(ids ? "--%s '%s': expected local APIC ids separated by commas, each once, such as 1,2"
			      : "--%s '%s': expected CPU numbers from 0 to 63 separated by commas, each once, such as 1,2", row->name, arg);
	else if (config_get(cfg, ids ? "cpu.pcpus" : "cpu.affinity"))
		log_error("--cpu_affinity and --pcpus both say on which CPUs the VM runs: give one of them");
	else
		return set(cfg, row->extra, arg);
	return false;
}

/* "bus:slot:func", "slot:func" or "slot"; false unless it is one of them and in range. */
static bool parse_slot(const char *text, size_t len, unsigned int *slot, unsigned int *func)
{
	unsigned int n[3], count = 0;
	const char *p = text, *stop = text + len;
	bool whole = false;

	while (count < 3 && !whole) {
		char *end;
		unsigned long v;

		if (p >= stop || !isdigit((unsigned char)*p))
			return false;
		v = strtoul(p, &end, 10);
		if (end > stop || v > 255)
			return false;
		n[count++] = v;
		whole = end == stop;
		if (!whole && *end != ':')
			return false;
		p = end + 1;
	}
	if (!whole || (count == 3 && n[0] != 0))
		return false;
	*slot = count == 3 ? n[1] : n[0];
	*func = count == 3 ? n[2] : count == 2 ? n[1] : 0;
	return *slot < NR_SLOTS && *func < NR_FUNCS;
}

static bool add_device(struct config *cfg, unsigned int slot, unsigned int func, const char *device)
{
	const char *comma = strchr(device, ',');
	size_t len = comma ? (size_t)(comma - device) : strlen(device);
	char key[32];

	snprintf(key, sizeof(key), "pci.%02u.%u.device", slot, func);
	if (config_setf(cfg, key, "%.*s", (int)len, device) != 0)
		return false;
	snprintf(key, sizeof(key), "pci.%02u.%u.options", slot, func);
	return !comma || config_set(cfg, key, comma + 1) == 0;
}

static bool set_pci_slot(struct config *cfg, const struct option_row *row, const char *arg)
{
	const char *comma = strchr(arg, ',');
	unsigned int slot, func;
	char key[32];

	if (!comma || comma == arg || !comma[1] || comma[1] == ',' ||
	    !parse_slot(arg, comma - arg, &slot, &func)) {
		log_error("--%s '%s': expected [BUS:]SLOT[:FUNC],DEVICE[,OPTIONS] with bus 0, slot 0..31 and function 0..7, such as 3,virtio-blk,disk.img",
			  row->name, arg);
		return false;
	}
	snprintf(key, sizeof(key), "pci.%02u.%u.device", slot, func);
	if (config_get(cfg, key)) {
		log_error("--%s '%s': slot %u:%u holds '%s' already", row->name, arg, slot, func,
			  config_get(cfg, key));
		return false;
	}
	if (add_device(cfg, slot, func, comma + 1))
		return true;
	log_error("--%s '%s': too long", row->name, arg);
	return false;
}

static bool set_lpc(struct config *cfg, const struct option_row *row, const char *arg)
{
	const char *comma = strchr(arg, ',');
	char key[16];

	if (!comma || comma - arg != 4 || strncmp(arg, "com", 3) != 0 || arg[3] < '1' || arg[3] > '4' || !comma[1]) {
		log_error("--%s '%s': expected comN,BACKEND with N from 1 to 4, such as com1,stdio", row->name, arg);
		return false;
	}
	snprintf(key, sizeof(key), "lpc.com%c", arg[3]);
	if (config_get(cfg, key)) {
		log_error("--%s '%s': com%c was given already, as '%s'", row->name, arg, arg[3], config_get(cfg, key));
		return false;
	}
	return set(cfg, key, comma + 1);
}

/* console,level=N: 1 errors, 2 warnings, 3 and 4 notes, 5 everything. */
static bool set_logger(struct config *cfg, const struct option_row *row, const char *arg)
{
	int level, n = 0;

	(void)cfg;
	if (sscanf(arg, "console,level=%d%n", &level, &n) != 1 || arg[n] || level < 1 || level > 5) {
		log_error("--%s '%s': expected console,level=1 to 5; this version logs to stderr only", row->name, arg);
		return false;
	}
	log_max_level = level <= 2 ? level : level == 5 ? LOG_DEBUG : LOG_INFO;
	return set(cfg, "log.level", arg + strlen("console,level="));
}

/* The socket's path, and perhaps a group. */
static bool set_monitor(struct config *cfg, const struct option_row *row, const char *arg)
{
	const char *group = strstr(arg, ",group=");
	size_t len = group ? (size_t)(group - arg) : strlen(arg);

	if (!len || (group && !group[strlen(",group=")]) || memchr(arg, ',', len)) {
		log_error("--%s '%s': expected PATH or PATH,group=NAME, such as /run/acrn/vm1.monitor.sock,group=acrn",
			  row->name, arg);
		return false;
	}
	if (config_setf(cfg, "monitor.path", "%.*s", (int)len, arg) == 0 &&
	    (!group || config_set(cfg, "monitor.group", group + strlen(",group=")) == 0))
		return true;
	log_error("out of memory");
	return false;
}

/* Four numbers, each with its limits. */
static bool set_intr_monitor(struct config *cfg, const struct option_row *row, const char *arg)
{
	static const struct { const char *key; unsigned long max; } part[] = {
		{ "intr_monitor.threshold", 1000000000 }, { "intr_monitor.period", 3600 },
		{ "intr_monitor.delay", INTR_MONITOR_MAX_DELAY }, { "intr_monitor.duration", 60000 },
	};
	const char *p = arg;

	for (int i = 0; i < 4; i++) {
		char *end;
		unsigned long n = strtoul(p, &end, 10);

		if (!isdigit((unsigned char)*p) || *end != (i < 3 ? ',' : '\0') || n < 1 || n > part[i].max) {
			log_error("--%s '%s': expected THRESHOLD,PERIOD,DELAY,DURATION: interrupts a second, seconds (to 3600), milliseconds (to %u), milliseconds (to 60000), such as 10000,10,1,100",
				  row->name, arg, INTR_MONITOR_MAX_DELAY);
			return false;
		}
		if (config_setf(cfg, part[i].key, "%lu", n) != 0) {
			log_error("out of memory");
			return false;
		}
		p = end + 1;
	}
	return true;
}

static const struct option_row rows[] = {
	{ 'B', "bootargs", "STR", set_args, "boot.args", "kernel command line" },
	{ 'E', "elf_file", "PATH", set_kernel, "boot.kernel", "ELF kernel (multiboot or PVH)" },
	{ 'k', "kernel", "PATH", set_kernel, "boot.kernel", "Linux bzImage" },
	{ 'r', "ramdisk", "PATH", set_key, "boot.ramdisk", "ramdisk (ELF kernels: the module)" },
	{ 'm', "memsize", "N[BKMG]", set_memsize, "memory.size", "guest memory, default " DEFAULT_MEMORY },
	{ 's', "pci_slot", "CFG", set_pci_slot, NULL, "PCI device: [BUS:]SLOT[:FUNC],DEVICE[,OPTIONS]" },
	{ 'l', "lpc", "CFG", set_lpc, NULL, "serial port: comN,stdio|pty|file:PATH|tcp:PORT|..." },
	{ 0, "cpu_affinity", "IDS", set_affinity, "cpu.affinity", "local APIC ids of the pCPUs to use, e.g. 1,2" },
	{ 0, "pcpus", "LIST", set_affinity, "cpu.pcpus", "the same by the scenario's CPU numbers" },
	{ 0, "intr_monitor", "CFG", set_intr_monitor, NULL, "THRESHOLD/s,PERIOD_s,DELAY_ms,DURATION_ms: damp storms" },
	{ 0, "cmd_monitor", "PATH[,group=NAME]", set_monitor, NULL, "socket for commands; a group besides root may use it" },
	{ 0, "paused", NULL, set_key, "start.paused", "make the VM; it runs when the command socket says resume" },
	{ 0, "exit_on_reset", NULL, set_key, "reset.exit", "end with exit code 4 when the guest asks for a reset" },
	{ 0, "debugexit", NULL, set_key, "debugexit", "writes to port 0xF4 end the VM with exit code 2 * value + 1" },
	{ 0, "logger_setting", "CFG", set_logger, NULL, "console,level=1..5" },
	{ 0, "dump-config", NULL, set_key, "dump", "print the resolved configuration and exit" },
	{ 'h', "help", NULL, set_key, "help", "this text" },
	{ 'v', "version", NULL, set_key, "version", "the version" },
	{ 0, "iasl", "PATH", note_iasl, NULL, "accepted, not needed" },

	{ 0, "ovmf", "CFG", refuse, "guests boot by -k or -E, without firmware", NULL },
	{ 0, "enable_trusty", NULL, refuse, "there is no secure world", NULL },
	{ 0, "virtio_poll", "NS", refuse, "kicks arrive as eventfds instead", NULL },
	{ 0, "virtio_msi", NULL, refuse, "virtio devices use MSI-X", NULL },
	{ 0, "acpidev_pt", "HID", refuse, "devices cannot be passed through", NULL },
	{ 0, "mmiodev_pt", "CFG", refuse, "devices cannot be passed through", NULL },
	{ 0, "vtpm2", "CFG", refuse, "there is no virtual TPM", NULL },
	{ 0, "lapic_pt", NULL, refuse, "real-time user VMs are not available", NULL },
	{ 0, "rtvm", NULL, refuse, "real-time user VMs are not available", NULL },
	{ 0, "ssram", "CFG", refuse, "there is no software SRAM", NULL },
	{ 0, "windows", NULL, refuse, "only Linux and ELF guests are known to work", NULL },

	{ 'A', "acpi", NULL, note_obsolete, NULL, NULL },
	{ 'Y', "mptgen", NULL, note_obsolete, NULL, NULL },
	{ 'i', "ioc_node", "CFG", note_obsolete, NULL, NULL },
	{ 'G', "gvtargs", "CFG", note_obsolete, NULL, NULL },
	{ 0, "vsbl", "PATH", note_obsolete, NULL, NULL },
	{ 0, "part_info", "PATH", note_obsolete, NULL, NULL },
	{ 0, "mac_seed", "STR", note_obsolete, NULL, NULL },
	{ 0, "pm_notify_channel", "CFG", note_obsolete, NULL, NULL },
	{ 0, "pm_by_vuart", "CFG", note_obsolete, NULL, NULL },
};

#define NR_ROWS (sizeof(rows) / sizeof(rows[0]))

static void print_help(FILE *out)
{
	fprintf(out, "usage: acrn-dm [OPTIONS] VM_NAME        (name: at most %u characters)\n\n", NAME_MAX_LEN);
	for (size_t i = 0; i < NR_ROWS; i++) {
		char left[48];

		if (!rows[i].help)
			continue;
		snprintf(left, sizeof(left), "%c%c%s --%s %s", rows[i].letter ? '-' : ' ',
			 rows[i].letter ? rows[i].letter : ' ', rows[i].letter ? "," : " ", rows[i].name,
			 rows[i].arg ? rows[i].arg : "");
		fprintf(out, "  %-30s %s\n", left, rows[i].help);
	}
}

/* getopt's two descriptions of the table. */
static void describe(char *letters, struct option *longs)
{
	size_t n = 0;

	letters[n++] = ':';		/* tell a missing argument from an unknown option */
	for (size_t i = 0; i < NR_ROWS; i++) {
		longs[i] = (struct option){
			.name = rows[i].name,
			.has_arg = rows[i].arg ? required_argument : no_argument,
			.val = 256 + (int)i,
		};
		if (!rows[i].letter)
			continue;
		letters[n++] = rows[i].letter;
		if (rows[i].arg)
			letters[n++] = ':';
	}
	letters[n] = '\0';
	longs[NR_ROWS] = (struct option){ 0 };
}

static const struct option_row *row_of(int code)
{
	if (code >= 256)
		return &rows[code - 256];
	for (size_t i = 0; i < NR_ROWS; i++)
		if (rows[i].letter && rows[i].letter == code)
			return &rows[i];
	return NULL;
}

static bool parse_all(int argc, char **argv, struct config *cfg)
{
	char letters[3 * NR_ROWS + 2];
	struct option longs[NR_ROWS + 1];
	int code;

	describe(letters, longs);
	opterr = 0;
	optind = 0;			/* start over, also when called again */
	while ((code = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const struct option_row *row = code == '?' || code == ':' ? NULL : row_of(code);

		if (code == ':' || !row) {
			log_error(code == ':' ? "option '%s' needs an argument" : "unknown option '%s'; the options are:",
				  argv[optind - 1]);
			if (code != ':')
				print_help(stderr);
			return false;
		}
		if (!row->handle(cfg, row, optarg))
			return false;
	}
	return true;
}

static bool take_name(int argc, char **argv, struct config *cfg)
{
	const char *name = optind < argc ? argv[optind] : NULL;

	if (!name) {
		log_error("the VM's name is missing: it is the last argument");
		return false;
	}
	if (optind + 1 < argc) {
		log_error("'%s' after the VM's name '%s': the name must be the last argument", argv[optind + 1], name);
		return false;
	}
	if (!*name || strlen(name) > NAME_MAX_LEN || name[strcspn(name, " \t/=")]) {
		log_error("VM name '%s': expected 1 to %u characters without blanks, '/' and '='", name, NAME_MAX_LEN);
		return false;
	}
	return set(cfg, "name", name);
}

static bool has_device(const struct config *cfg, const char *device)
{
	const struct config_node *node;
	size_t pos = 0;

	while ((node = config_next(cfg, "pci.", &pos)))
		if (strcmp(node->value, device) == 0 && strstr(node->key, ".device"))
			return true;
	return false;
}

/* Who starts VMs by launch files written by others says by the environment where it will look for the socket. */
static bool take_monitor(struct config *cfg)
{
	static const struct option_row row = { .name = MONITOR_VARIABLE };
	const char *place = getenv(MONITOR_VARIABLE);

	return config_get(cfg, "monitor.path") || !place || !*place || set_monitor(cfg, &row, place);
}

/* In the same way it is said that this start shall wait. */
static bool take_paused(struct config *cfg)
{
	const char *wanted = getenv(PAUSED_VARIABLE);

	if (wanted && *wanted && strcmp(wanted, "1") != 0) {
		log_error(PAUSED_VARIABLE " '%s': expected 1, or nothing", wanted);
		return false;
	}
	if (wanted && *wanted && !set(cfg, "start.paused", "true"))
		return false;
	if (!config_get_bool(cfg, "start.paused") || config_get(cfg, "monitor.path"))
		return true;
	log_error("--paused: nobody could resume the VM without --cmd_monitor");
	return false;
}

/* A host bridge and an ISA bridge belong to every PC; they are added where the user gave none. */
static bool add_defaults(struct config *cfg)
{
	bool ok = true;

	if (!config_get(cfg, "memory.size"))
		ok = config_set(cfg, "memory.size", "268435456") == 0;
	if (ok && !config_get(cfg, "pci.00.0.device"))
		ok = add_device(cfg, 0, 0, "hostbridge");
	for (int slot = NR_SLOTS - 1; ok && slot > 0 && !has_device(cfg, "lpc"); slot--) {
		char key[32];

		snprintf(key, sizeof(key), "pci.%02d.0.device", slot);
		if (!config_get(cfg, key))
			ok = add_device(cfg, slot, 0, "lpc");
	}
	if (!ok)
		log_error("out of memory");
	return ok;
}

enum options_result options_parse(int argc, char **argv, struct config *cfg)
{
	if (!parse_all(argc, argv, cfg))
		return OPTIONS_BAD;
	if (config_get_bool(cfg, "help")) {
		print_help(stdout);
		return OPTIONS_DONE;
	}
	if (config_get_bool(cfg, "version")) {
		printf("acrn-dm of Quercus " DM_VERSION "\n");
		return OPTIONS_DONE;
	}
	if (!take_name(argc, argv, cfg))
		return OPTIONS_BAD;
	if (!config_get(cfg, "boot.kernel")) {
		log_error("no kernel: give one by -k (Linux bzImage) or -E (ELF)");
		return OPTIONS_BAD;
	}
	if (!take_monitor(cfg) || !take_paused(cfg) || !add_defaults(cfg))
		return OPTIONS_BAD;
	if (!config_get_bool(cfg, "dump"))
		return OPTIONS_RUN;
	config_unset(cfg, "dump");
	return OPTIONS_DUMP;
}
