/* SPDX-License-Identifier: BSD-3-Clause */
/* The board file. Names are those that users of ACRN's board files know, where a thing is the same. */
#include "xml.h"

#include <inttypes.h>
#include <libxml/xmlwriter.h>
#include <stdarg.h>
#include <string.h>

#define MAX_BUS_DEPTH	100u	/* libxml2 reads 256 elements deep */

struct xml {
	xmlTextWriter *w;
	const struct board *b;
	bool failed;
};

static void check(struct xml *x, int rc)
{
	x->failed |= rc < 0;
}

static void begin(struct xml *x, const char *name)
{
	check(x, xmlTextWriterStartElement(x->w, (const xmlChar *)name));
}

static void end(struct xml *x)
{
	check(x, xmlTextWriterEndElement(x->w));
}

static void attribute(struct xml *x, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void attribute(struct xml *x, const char *name, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	check(x, xmlTextWriterWriteAttribute(x->w, (const xmlChar *)name, (const xmlChar *)text));
}

static void element(struct xml *x, const char *name, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static void element(struct xml *x, const char *name, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	check(x, xmlTextWriterWriteElement(x->w, (const xmlChar *)name, (const xmlChar *)text));
}

static void write_firmware(struct xml *x)
{
	const struct board_devices *d = &x->b->devices;

	begin(x, "firmware");
	attribute(x, "vendor", "%s", d->bios_vendor);
	attribute(x, "version", "%s", d->bios_version);
	attribute(x, "date", "%s", d->bios_date);
	attribute(x, "type", "%s", d->efi ? "efi" : "bios");
	end(x);
	begin(x, "base_board");
	attribute(x, "manufacturer", "%s", d->manufacturer);
	attribute(x, "product", "%s", d->product);
	end(x);
}

static void write_capabilities(struct xml *x)
{
	static const struct { const char *id; enum board_word word; unsigned int bit; } caps[] = {
		{ "vmx", WORD_1_ECX, 5 }, { "x2apic", WORD_1_ECX, 21 }, { "tsc_deadline", WORD_1_ECX, 24 }, { "xsave", WORD_1_ECX, 26 },
		{ "hypervisor", WORD_1_ECX, 31 }, { "apic", WORD_1_EDX, 9 }, { "pat", WORD_1_EDX, 16 }, { "xsaves", WORD_D1_EAX, 3 },
		{ "nx", WORD_EXT1_EDX, 20 }, { "gbyte_pages", WORD_EXT1_EDX, 26 }, { "invariant_tsc", WORD_APM_EDX, 8 },
		{ "smep", WORD_7_EBX, 7 }, { "smap", WORD_7_EBX, 20 }, { "rdt_a", WORD_7_EBX, 15 }, { "sgx", WORD_7_EBX, 2 },
	};
	const struct board_cpus *c = &x->b->cpus;

	for (unsigned int i = 0; i < sizeof(caps) / sizeof(caps[0]); i++) {
		if (!(c->words.word[caps[i].word] >> caps[i].bit & 1))
			continue;
		begin(x, "capability");
		attribute(x, "id", "%s", caps[i].id);
		end(x);
	}
	for (unsigned int i = BOARD_FIRST_MSR; i < NR_BOARD_WORDS; i++) {
		if (!c->words.known[i])
			continue;
		begin(x, "msr");
		attribute(x, "id", "0x%x", board_msrs[i - BOARD_FIRST_MSR]);
		attribute(x, "value", "0x%" PRIx64, c->words.word[i]);
		end(x);
	}
}

static void write_processors(struct xml *x)
{
	const struct board_cpus *c = &x->b->cpus;

	begin(x, "processors");
	begin(x, "model");
	attribute(x, "description", "%s", c->model);
	attribute(x, "vendor", "%s", c->vendor);
	element(x, "family_id", "0x%x", c->family_id);
	element(x, "model_id", "0x%x", c->model_id);
	element(x, "stepping_id", "0x%x", c->stepping);
	write_capabilities(x);
	end(x);
	for (unsigned int i = 0; i < c->nr; i++) {
		const struct board_cpu *cpu = &c->cpu[i];

		begin(x, "thread");
		attribute(x, "cpu_id", "%u", cpu->cpu_id);
		if (cpu->has_apic_id)
			attribute(x, "apic_id", "0x%x", cpu->apic_id);
		attribute(x, "package_id", "%d", cpu->package_id);
		attribute(x, "die_id", "%d", cpu->die_id);
		attribute(x, "core_id", "%d", cpu->core_id);
		if (cpu->core_type)
			attribute(x, "core_type", "%s", cpu->core_type);
		end(x);
	}
	end(x);
}

static void write_caches(struct xml *x)
{
	const struct board_cpus *c = &x->b->cpus;

	begin(x, "caches");
	for (unsigned int i = 0; i < c->nr_caches; i++) {
		begin(x, "cache");
		attribute(x, "level", "%u", c->cache[i].level);
		attribute(x, "id", "%u", c->cache[i].id);
		attribute(x, "type", "%s", c->cache[i].type);
		element(x, "cache_size", "%" PRIu64, c->cache[i].size);
		element(x, "line_size", "%u", c->cache[i].line_size);
		element(x, "ways", "%u", c->cache[i].ways);
		element(x, "sets", "%u", c->cache[i].sets);
		element(x, "processors", "%s", c->cache[i].cpus);
		end(x);
	}
	end(x);
}

static void write_memory(struct xml *x)
{
	begin(x, "memory");
	for (unsigned int i = 0; i < x->b->memory.nr; i++) {
		const struct board_range *r = &x->b->memory.range[i];

		begin(x, "range");
		attribute(x, "start", "0x%016" PRIx64, r->start);
		attribute(x, "end", "0x%016" PRIx64, r->end);
		attribute(x, "type", "%s", r->type);
		end(x);
	}
	end(x);
}

static void write_dmar(struct xml *x, const struct board_acpi *a)
{
	begin(x, "dmar");
	attribute(x, "interrupt_remapping", "%s", a->intr_remap ? "yes" : "no");
	for (unsigned int i = 0; i < a->nr_drhds; i++) {
		begin(x, "drhd");
		attribute(x, "address", "0x%" PRIx64, a->drhd[i].address);
		attribute(x, "segment", "%u", a->drhd[i].segment);
		attribute(x, "include_all", "%s", a->drhd[i].include_all ? "yes" : "no");
		end(x);
	}
	end(x);
}

static void write_acpi(struct xml *x)
{
	const struct board_acpi *a = &x->b->acpi;

	begin(x, "acpi");
	for (unsigned int i = 0; i < a->nr; i++) {
		begin(x, "table");
		attribute(x, "signature", "%s", a->table[i].signature);
		attribute(x, "size", "%u", a->table[i].size);
		attribute(x, "oem_id", "%s", a->table[i].oem_id);
		attribute(x, "oem_table_id", "%s", a->table[i].oem_table_id);
		attribute(x, "checked", "%s", a->table[i].good ? "yes" : "no");
		end(x);
	}
	for (unsigned int i = 0; i < a->nr_ioapics; i++) {
		begin(x, "ioapic");
		attribute(x, "id", "0x%x", a->ioapic[i].id);
		attribute(x, "address", "0x%x", a->ioapic[i].address);
		attribute(x, "gsi_base", "%u", a->ioapic[i].gsi_base);
		end(x);
	}
	if (a->has_dmar)
		write_dmar(x, a);
	if (a->has_ecam) {
		begin(x, "ecam");
		attribute(x, "address", "0x%" PRIx64, a->ecam_base);
		attribute(x, "first_bus", "0x%x", a->ecam_first_bus);
		attribute(x, "last_bus", "0x%x", a->ecam_last_bus);
		end(x);
	}
	if (a->has_reset) {
		begin(x, "reset_register");
		attribute(x, "space", "%u", a->reset_space);
		attribute(x, "address", "0x%" PRIx64, a->reset_address);
		attribute(x, "value", "0x%x", a->reset_value);
		end(x);
	}
	end(x);
}

static void write_capability(struct xml *x, const char *id, unsigned int nr)
{
	begin(x, "capability");
	attribute(x, "id", "%s", id);
	if (nr)
		attribute(x, "count", "%u", nr);
	end(x);
}

static void write_pci_facts(struct xml *x, const struct board_pci *d)
{
	for (unsigned int i = 0; i < 6; i++) {
		if (!d->bar[i].flags)
			continue;
		begin(x, "resource");
		attribute(x, "id", "bar%u", i);
		attribute(x, "type", "%s", d->bar[i].flags & 0x100 ? "io_port" : "memory");	/* IORESOURCE_IO */
		attribute(x, "min", "0x%" PRIx64, d->bar[i].start);
		attribute(x, "max", "0x%" PRIx64, d->bar[i].end);
		end(x);
	}
	if (d->msi_vectors)
		write_capability(x, "MSI", d->msi_vectors);
	if (d->msix_vectors)
		write_capability(x, "MSI-X", d->msix_vectors);
	if (d->is_express)
		write_capability(x, "PCI Express", 0);
	if (d->flr)
		write_capability(x, "FLR", 0);
	if (d->pm_reset)
		write_capability(x, "PM reset", 0);
	if (d->sriov)
		write_capability(x, "SR-IOV", 0);
	if (d->acs) {
		begin(x, "capability");
		attribute(x, "id", "ACS");
		attribute(x, "offered", "0x%x", d->acs_caps);
		attribute(x, "enabled", "0x%x", d->acs_enabled);
		end(x);
	}
}

static void write_bus(struct xml *x, uint32_t segment, unsigned int bus, unsigned int depth);

static void write_function(struct xml *x, const struct board_pci *d, unsigned int depth)
{
	begin(x, "device");
	attribute(x, "address", "%02x:%02x.%u", d->bdf >> 8, d->bdf >> 3 & 31, d->bdf & 7);
	attribute(x, "vendor", "0x%04x", d->vendor);
	attribute(x, "identifier", "0x%04x", d->device);
	attribute(x, "class", "0x%06x", d->class_code);
	attribute(x, "revision", "0x%02x", d->revision);
	if (d->subsystem_vendor) {
		attribute(x, "subsystem_vendor", "0x%04x", d->subsystem_vendor);
		attribute(x, "subsystem_identifier", "0x%04x", d->subsystem_device);
	}
	if (d->irq_pin >= 1 && d->irq_pin <= 4)
		attribute(x, "interrupt_pin", "INT%c", 'A' + d->irq_pin - 1);
	if (d->iommu_group >= 0)
		attribute(x, "iommu_group", "%d", d->iommu_group);
	if (d->driver[0])
		attribute(x, "driver", "%s", d->driver);
	if (d->short_config)
		attribute(x, "complete", "no");
	write_pci_facts(x, d);
	if (d->is_bridge && d->secondary_bus > d->bdf >> 8)
		write_bus(x, d->segment, d->secondary_bus, depth + 1);
	end(x);
}

/* Secondary buses have higher numbers than the bridge's: the walk ends. */
static void write_bus(struct xml *x, uint32_t segment, unsigned int bus, unsigned int depth)
{
	begin(x, "bus");
	attribute(x, "type", "pci");
	attribute(x, "segment", "0x%x", segment);
	attribute(x, "address", "0x%02x", bus);
	for (unsigned int i = 0; i < x->b->pci.nr && depth < MAX_BUS_DEPTH; i++) {
		const struct board_pci *d = &x->b->pci.dev[i];

		if (d->segment == segment && d->bdf >> 8 == (int)bus)
			write_function(x, d, depth);
	}
	end(x);
}

/* Buses that no bridge leads to: the machine's host bridges'. */
static bool is_root_bus(const struct board_pci_list *p, uint32_t segment, unsigned int bus)
{
	for (unsigned int i = 0; i < p->nr; i++) {
		const struct board_pci *d = &p->dev[i];

		if (d->segment == segment && d->is_bridge && d->secondary_bus == bus && d->secondary_bus > d->bdf >> 8)
			return false;
	}
	return true;
}

static void write_devices(struct xml *x)
{
	const struct board_pci_list *p = &x->b->pci;

	begin(x, "devices");
	for (unsigned int i = 0; i < p->nr; i++) {
		unsigned int bus = p->dev[i].bdf >> 8;
		bool seen = i && p->dev[i - 1].segment == p->dev[i].segment && p->dev[i - 1].bdf >> 8 == (int)bus;

		/* Functions stand in order of their addresses. */
		if (!seen && is_root_bus(p, p->dev[i].segment, bus))
			write_bus(x, p->dev[i].segment, bus, 0);
	}
	for (unsigned int i = 0; i < x->b->devices.nr_serials; i++) {
		const struct board_serial *u = &x->b->devices.serial[i];

		begin(x, "serial");
		attribute(x, "name", "%s", u->name);
		attribute(x, "type", "%s", u->is_mmio ? "mmio" : "portio");
		attribute(x, "base", "0x%" PRIx64, u->base);
		attribute(x, "irq", "%u", u->irq);
		if (u->device[0])
			attribute(x, "device", "%s", u->device);
		end(x);
	}
	if (x->b->devices.has_tpm || x->b->acpi.has_tpm2) {
		begin(x, "tpm");
		attribute(x, "version", "%u", x->b->devices.has_tpm ? x->b->devices.tpm_major : 2);
		if (x->b->acpi.has_tpm2) {
			attribute(x, "control_area", "0x%" PRIx64, x->b->acpi.tpm_control);
			attribute(x, "start_method", "%u", x->b->acpi.tpm_start_method);
		}
		end(x);
	}
	end(x);
}

static void write_all(struct xml *x, const char *name)
{
	check(x, xmlTextWriterSetIndent(x->w, 1));
	check(x, xmlTextWriterSetIndentString(x->w, (const xmlChar *)"  "));
	check(x, xmlTextWriterStartDocument(x->w, NULL, "UTF-8", NULL));
	begin(x, "board");
	attribute(x, "name", "%s", name);
	write_firmware(x);
	write_processors(x);
	write_caches(x);
	write_memory(x);
	write_acpi(x);
	write_devices(x);
	for (unsigned int i = 0; i < x->b->nr_remarks; i++)
		element(x, "remark", "%s", x->b->remark[i]);
	end(x);
	check(x, xmlTextWriterEndDocument(x->w));
}

bool board_write(const struct board *b, const char *name, FILE *out)
{
	xmlBuffer *buffer = xmlBufferCreate();
	struct xml x = { .w = buffer ? xmlNewTextWriterMemory(buffer, 0) : NULL, .b = b };
	bool done = false;

	if (x.w) {
		write_all(&x, name);
		xmlFreeTextWriter(x.w);
		done = !x.failed && fputs((const char *)xmlBufferContent(buffer), out) >= 0;
	}
	xmlBufferFree(buffer);
	return done;
}
