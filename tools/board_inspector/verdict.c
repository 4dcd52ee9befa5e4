/* SPDX-License-Identifier: BSD-3-Clause */
/* The summary. */
#include "verdict.h"

#include <inttypes.h>
#include <string.h>

#define VTD	"firmware setup: chipset or CPU configuration, \"VT-d\" or \"Intel VT for Directed I/O\": Enabled"
#define VMX	(1u << 5)	/* CPUID 1 ECX */
#define RAM_MIN	(512ull << 20)	/* the hypervisor, and a Service VM that boots */

static bool is_needed(const struct feature *f)
{
	return !f->without;
}

/* Without VT-x none of its MSRs is there: one line says it. */
static bool lacks_vmx(const struct board *b)
{
	return b->cpus.words.known[WORD_1_ECX] && !(b->cpus.words.word[WORD_1_ECX] & VMX);
}

enum state verdict_state(const struct board *b, const struct feature *f)
{
	uint64_t word = b->cpus.words.word[f->word];

	/* Without VMX its MSRs do not exist: whatever they would say is not there. */
	if (f->word >= BOARD_FIRST_MSR && lacks_vmx(b))
		return STATE_LACKS;
	if (!b->cpus.words.known[f->word])
		return STATE_UNKNOWN;
	/* Unlocked feature control: the hypervisor enables VMX itself. */
	if (f->word == WORD_MSR_FEATURE_CONTROL && !(word & 1))
		return STATE_HAS;
	return (word & f->bits) == f->bits ? STATE_HAS : STATE_LACKS;
}

static bool has(const struct board *b, const char *name)
{
	for (const struct feature *f = verdict_features; f->name; f++)
		if (!strcmp(f->name, name))
			return verdict_state(b, f) == STATE_HAS;
	return false;
}

static unsigned int count(const struct board *b, bool needed, enum state state)
{
	unsigned int nr = 0;

	for (const struct feature *f = verdict_features; f->name; f++)
		nr += is_needed(f) == needed && verdict_state(b, f) == state;
	return nr;
}

static void print_board(const struct board *b, FILE *out)
{
	const struct board_devices *d = &b->devices;
	uint64_t largest, ram = board_ram(b, &largest);

	fprintf(out, "Board:     %s %s, firmware %s %s (%s)\n", d->manufacturer[0] ? d->manufacturer : "unknown maker", d->product,
		d->bios_vendor[0] ? d->bios_vendor : "unknown", d->bios_version, d->efi ? "EFI" : "started without EFI");
	fprintf(out, "CPU:       %s, %u CPUs\n", b->cpus.model[0] ? b->cpus.model : b->cpus.vendor[0] ? b->cpus.vendor : "unknown",
		b->cpus.nr);
	fprintf(out, "Memory:    %" PRIu64 " MiB RAM, largest piece %" PRIu64 " MiB\n", ram >> 20, largest >> 20);
	fprintf(out, "PCI:       %u functions; IOMMU: %s\n", b->pci.nr,
		b->acpi.error ? "not known" : !b->acpi.has_dmar ? "none shown" :
		b->acpi.intr_remap ? "yes, with interrupt remapping" : "yes, without interrupt remapping");
	if (d->kernel_hypervisor)
		fprintf(out, "           This is itself a virtual machine (%s): what is missing, its host must offer.\n",
			d->hypervisor[0] ? d->hypervisor : "of an unknown kind");
}

static void print_serial(const struct board *b, FILE *out)
{
	bool any = false;

	for (unsigned int i = 0; i < b->devices.nr_serials; i++) {
		const struct board_serial *u = &b->devices.serial[i];

		any |= !u->is_mmio;
		fprintf(out, "Serial:    %s, %s 0x%" PRIx64 ", IRQ %u%s", u->name, u->is_mmio ? "memory" : "port", u->base, u->irq,
			u->is_mmio ? ": not used by the hypervisor\n" : "");
		if (!u->is_mmio)
			fprintf(out, ": hypervisor option uart=port@0x%" PRIx64 "\n", u->base);
	}
	if (!any)
		fputs("Serial:    no port that the hypervisor can use: boot with uart=disabled, its messages are on the screen\n", out);
}

static void print_features(const struct board *b, bool needed, FILE *out)
{
	for (const struct feature *f = verdict_features; f->name; f++) {
		enum state state = verdict_state(b, f);

		if (is_needed(f) != needed || state == STATE_HAS || (f->word >= BOARD_FIRST_MSR && lacks_vmx(b)))
			continue;
		fprintf(out, "  %s: %s (%s)\n", state == STATE_UNKNOWN ? "not known" : "missing", f->name, f->where);
		if (!needed)
			fprintf(out, "      without it: %s\n", f->without);
		if (f->remedy && state == STATE_LACKS)
			fprintf(out, "      switch on: %s\n", f->remedy);
	}
}

static void print_needed(const struct board *b, FILE *out)
{
	uint64_t largest;

	print_features(b, true, out);
	if (lacks_vmx(b))
		fputs("      what else VT-x must offer (EPT, VPID, ...) shows when it is on\n", out);
	if (b->memory.nr && board_ram(b, &largest) < RAM_MIN)
		fprintf(out, "  missing: RAM: %" PRIu64 " MiB are too few; the hypervisor and a Service VM take 512 MiB\n",
			board_ram(b, &largest) >> 20);
	if (count(b, true, STATE_UNKNOWN))
		fprintf(out, "      find out: run as root, after modprobe msr (kernel option lockdown=none)\n");
}

static void print_iommu(const struct board *b, FILE *out)
{
	if (b->acpi.error) {
		fputs("  not known: IOMMU, interrupt remapping: the ACPI tables could not be read; run as root\n", out);
		return;
	}
	if (!b->acpi.has_dmar)
		fputs("  missing: iommu (ACPI table DMAR)\n      without it: devices reach all memory: DMA is not confined\n"
		      "      switch on: " VTD "\n", out);
	else if (!b->acpi.intr_remap)
		fputs("  missing: intr-remap (ACPI table DMAR, flag INTR_REMAP)\n      without it: devices raise any vector\n"
		      "      switch on: " VTD ", and \"Interrupt Remapping\"\n", out);
	if (b->acpi.x2apic_opt_out)
		fputs("  note: the firmware asks that x2APIC be left off (DMAR flag X2APIC_OPT_OUT)\n"
		      "      switch on: firmware setup: \"X2APIC Opt Out\": Disabled\n", out);
}

static void print_can(const struct board *b, FILE *out)
{
	unsigned int alone = 0, others = 0;

	for (unsigned int i = 0; i < b->pci.nr; i++)
		if (!b->pci.dev[i].is_bridge)
			*(b->pci.dev[i].flr ? &alone : &others) += 1;
	fprintf(out, "  VMs: up to 16, vCPUs on %u CPU%s", b->cpus.nr, b->cpus.nr == 1 ? "" : "s");
	if (b->cpus.nr > 64)
		fputs(" (a scenario names the first 64)", out);
	fputs("\n", out);
	if (b->cpus.nr < 2)
		fputs("  real-time VM: no, it needs a CPU of its own and there is one in all\n", out);
	else
		fprintf(out, "  real-time VM with LAPIC passthrough: %s\n", has(b, "x2apic") ? "yes, on all CPUs but one" : "no, x2apic");
	fprintf(out, "  DMA and interrupts of devices confined: %s\n", b->acpi.error ? "not known" : !b->acpi.has_dmar ? "no" :
		b->acpi.intr_remap ? "yes, both" : "DMA only");
	fprintf(out, "  PCI functions that can be reset alone (FLR): %u of %u\n", alone, alone + others);
	if (b->devices.has_tpm)
		fprintf(out, "  TPM %u: used by the Service VM\n", b->devices.tpm_major);
}

enum verdict verdict_print(const struct board *b, FILE *out)
{
	unsigned int lacks = count(b, true, STATE_LACKS), unknown = count(b, true, STATE_UNKNOWN);
	uint64_t largest;
	enum verdict v;

	if (b->memory.nr && board_ram(b, &largest) < RAM_MIN)
		lacks++;
	v = lacks || !b->cpus.nr ? VERDICT_NOT : unknown ? VERDICT_UNKNOWN : VERDICT_RUNS;
	print_board(b, out);
	print_serial(b, out);
	fprintf(out, "\nQuercus %s on this board.\n", v == VERDICT_RUNS ? "runs" : v == VERDICT_NOT ? "cannot run as it is" :
		"may run; not all could be found out");
	print_needed(b, out);
	if (v != VERDICT_NOT) {
		fputs("\nWhat it can do here:\n", out);
		print_can(b, out);
	}
	if (count(b, false, STATE_LACKS) || count(b, false, STATE_UNKNOWN) || !b->acpi.intr_remap) {
		fputs("\nUsed when it is there:\n", out);
		print_features(b, false, out);
		print_iommu(b, out);
	}
	for (unsigned int i = 0; i < b->nr_remarks; i++)
		fprintf(out, "%snote: %s\n", i ? "" : "\n", b->remark[i]);
	return v;
}
