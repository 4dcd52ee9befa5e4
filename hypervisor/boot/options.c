/* SPDX-License-Identifier: BSD-3-Clause */
/* Boot options. */
#include "boot/options.h"

#include "lib/string.h"
#include "lib/util.h"
#include "log/log.h"

#define MAX_TEXT	1024u
#define COM1		0x3f8

/* Every option the hypervisor knows; the words here are not passed on to the Service VM. */
static struct option {
	const char *name;
	const char *value;	/* NULL: not given */
} options[] = {
	{ "uart", NULL },	/* port@0xNNN or disabled: the hypervisor's console */
	{ "loglevel", NULL },	/* 0 nothing, 1 errors .. 4 debug: what is printed */
	{ "mask", NULL },	/* FEATURE[,FEATURE]: pretend the CPU lacks it */
	{ "bochs-vid", NULL },	/* use virtual-interrupt delivery under Bochs, whose model of it is faulty */
	{ "split_lock", NULL },	/* ignore, report or fault: what guests' split locks become */
	{ "tee", NULL },	/* VM consoles are shown on the hypervisor's console */
	{ "check-memory", NULL },	/* walk all page tables after each change; =lend: a page may be lent to two user VMs */
	{ "debug-shell", NULL },	/* shell commands that show and change memory and registers */
	{ "test", NULL },	/* started by a test: power off instead of waiting for a person */
};

static char words[MAX_TEXT];	/* the command line, cut into words; option values point into it */
static char rest[MAX_TEXT];

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

static bool take_known(char *word)
{
	size_t n = 0;

	while (word[n] && word[n] != '=')
		n++;
	for (uint32_t i = 0; i < ARRAY_SIZE(options); i++) {
		if (strlen(options[i].name) != n || strncmp(options[i].name, word, n))
			continue;
		options[i].value = word[n] ? word + n + 1 : "";
		return true;
	}
	return false;
}

static void keep_rest(const char *word)
{
	size_t n = strlen(rest);

	if (n)
		rest[n++] = ' ';
	str_copy(rest + n, word, sizeof(rest) - n);
}

/* See the header. The first word is dropped when it is the image's path. */
void options_parse(const char *cmdline)
{
	char *p = words;

	str_copy(words, cmdline, sizeof(words));
	rest[0] = 0;
	for (uint32_t i = 0; i < ARRAY_SIZE(options); i++)
		options[i].value = NULL;
	while (*p) {
		char *word;

		while (is_blank(*p))
			p++;
		word = p;
		while (*p && !is_blank(*p))
			p++;
		if (*p)
			*p++ = 0;
		if (*word && !(word == words && *word == '/') && !take_known(word))
			keep_rest(word);
	}
}

/* See the header. */
const char *option_value(const char *name)
{
	for (uint32_t i = 0; i < ARRAY_SIZE(options); i++)
		if (!strcmp(options[i].name, name))
			return options[i].value;
	return NULL;
}

/* See the header. */
bool option_set(const char *name)
{
	return option_value(name) != NULL;
}

/* See the header. */
const char *options_rest(void)
{
	return rest;
}

/* See the header. */
uint16_t option_uart_port(void)
{
	static const char prefix[] = "port@";
	const char *v = option_value("uart");
	uint64_t port;

	if (!v)
		return COM1;
	if (!strcmp(v, "disabled"))
		return 0;
	if (strncmp(v, prefix, sizeof(prefix) - 1) || str_to_u64(v + sizeof(prefix) - 1, &port) ||
	    !port || port > 0xfff8)
		return COM1;
	return (uint16_t)port;
}

/* See the header. */
uint32_t option_loglevel(void)
{
	const char *v = option_value("loglevel");
	uint64_t level;

	if (!v || str_to_u64(v, &level) || level > LOG_DEBUG)
		return LOG_INFO;
	return (uint32_t)level;
}
