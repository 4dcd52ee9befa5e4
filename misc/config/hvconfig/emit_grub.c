/* SPDX-License-Identifier: BSD-3-Clause */
/* The boot loader's menu entry. */
#include <string.h>

#include "config/scenario.h"
#include "emit.h"

#define SAFE	"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/_.+:@%=,-"

void emit_quoted(const char *text, FILE *out)
{
	if (text[0] && strspn(text, SAFE) == strlen(text)) {
		fputs(text, out);
		return;
	}
	fputc('\'', out);
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\''", out);
		else
			fputc(*text, out);
	}
	fputc('\'', out);
}

/* Each word apart: GRUB would put quotation marks around one with a blank, and the hypervisor read them. */
static void emit_words(const char *text, FILE *out)
{
	while (*text) {
		char word[SCENARIO_BOOTARGS_SIZE];
		size_t len = strcspn(text, " ");

		snprintf(word, sizeof(word), "%.*s", (int)len, text);
		fputc(' ', out);
		emit_quoted(word, out);
		text += len;
		text += strspn(text, " ");
	}
}

struct module {
	const char *tag, *file;
};

static void add_module(struct module *m, unsigned int *nr, const char *tag, const char *file)
{
	for (unsigned int i = 0; i < *nr; i++)
		if (!strcmp(m[i].tag, tag))
			return;		/* VMs may boot the same */
	if (tag[0])
		m[(*nr)++] = (struct module){ tag, file };
}

/* Bootargs are in the scenario: words behind the tag would replace them. */
static void emit_modules(const struct setup *setup, FILE *out)
{
	struct module m[3 * SCENARIO_MAX_VMS];
	unsigned int nr = 0;

	for (unsigned int i = 0; i < setup->s->nr_vms; i++) {
		const struct scenario_kernel *k = &setup->s->vms[i].kernel;
		const struct setup_vm *vm = &setup->vm[i];

		add_module(m, &nr, k->tag, vm->kernel);
		add_module(m, &nr, k->ramdisk_tag, vm->ramdisk);
		add_module(m, &nr, k->acpi_tag, vm->acpi);
	}
	for (unsigned int i = 0; i < nr; i++) {
		fprintf(out, "\tmodule2 %s ", m[i].file);
		emit_quoted(m[i].tag, out);
		fputc('\n', out);
	}
}

void emit_grub(const struct setup *setup, FILE *out)
{
	const char *name = setup->s->name;

	fprintf(out, "# Made by hvconfig from scenario %s: change that instead.\n", name);
	fprintf(out, "menuentry 'Quercus, scenario %s' {\n", name);
	fprintf(out, "\tinsmod multiboot2\n\tsearch --no-floppy --set=root --file %s\n", setup->hypervisor);
	fprintf(out, "\tmultiboot2 %s", setup->hypervisor);
	emit_words(setup->options, out);
	fprintf(out, "\n\tmodule2 /boot/quercus/%s.bin " SCENARIO_MODULE_TAG "\n", name);
	emit_modules(setup, out);
	fputs("\tif [ \"$grub_platform\" = pc ]; then set gfxpayload=text; fi\n}\n", out);
}
