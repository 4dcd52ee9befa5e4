/* SPDX-License-Identifier: BSD-3-Clause */
/* hvconfig: XML to module and back, and what each mistake in a file gets, with its line. */
/* unit: misc/config/hvconfig/build.c misc/config/hvconfig/fill.c misc/config/hvconfig/fill_vuart.c misc/config/hvconfig/fill_launch.c misc/config/hvconfig/rules.c misc/config/hvconfig/board.c misc/config/hvconfig/schema.c misc/config/hvconfig/doc.c misc/config/hvconfig/show.c misc/config/hvconfig/fields.c misc/config/hvconfig/values.c misc/config/hvconfig/report.c hypervisor/config/scenario.c hypervisor/config/scenario_vm.c hypervisor/config/scenario_set.c hypervisor/config/scenario_machine.c hypervisor/config/scenario_names.c hypervisor/lib/crc.c */
/* unit-flags: -Imisc/config/hvconfig -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#include <check.h>
#include <errno.h>
#include <libxml/parser.h>
#include <stdio.h>
#include <unistd.h>

#include "build.h"
#include "fields.h"
#include "schema.h"
#include "show.h"
#include "test_scenario_sample.h"
#include "values.h"

/* Takes out lines that are warnings, which other tests look at. */
static void drop_warnings(char *text)
{
	char *to = text;

	for (char *line = text, *next; *line; line = next) {
		size_t len = strcspn(line, "\n");
		const char *warning = strstr(line, ": warning: ");

		next = line + len + (line[len] == '\n');
		if (warning && warning < line + len)
			continue;
		memmove(to, line, (size_t)(next - line));
		to += next - line;
	}
	*to = '\0';
}

/* Builds XML text; NULL when refused. The errors are in `said` (size 4096), with the file called F. */
static struct scenario *build_text(const char *xml, char *said)
{
	char *const begin = said;
	char path[] = "/tmp/test_hvconfig.XXXXXX", raw[4096] = "";
	struct report r = { .file = path };
	struct scenario *s = NULL;
	int fd = mkstemp(path);
	const char *from;
	xmlDoc *doc;

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, xml, strlen(xml)), (ssize_t)strlen(xml));
	close(fd);
	r.out = fmemopen(raw, sizeof(raw), "w");
	doc = schema_load(&r);
	if (doc)
		s = build_scenario(doc, &r);
	xmlFreeDoc(doc);
	fclose(r.out);
	unlink(path);
	ck_assert_msg((s == NULL) == (r.errors > 0), "a module and %u errors: %s", r.errors, raw);
	for (from = raw; *from;) {
		size_t len = strlen(path);

		if (!strncmp(from, path, len)) {
			*said++ = 'F';
			from += len;
		} else {
			*said++ = *from++;
		}
	}
	*said = '\0';
	drop_warnings(begin);
	return s;
}

static void same_module(const struct scenario *a, const struct scenario *b)
{
	ck_assert_uint_eq(a->total_size, b->total_size);
	ck_assert_mem_eq(a, b, a->total_size);
}

/* The module shown as XML and built again. */
static struct scenario *round_trip(const struct scenario *s)
{
	char *xml = NULL, said[4096];
	size_t size;
	FILE *out = open_memstream(&xml, &size);
	struct scenario *again;

	show_scenario(s, out);
	fclose(out);
	again = build_text(xml, said);
	ck_assert_msg(again, "%s\n%s", said, xml);
	free(xml);
	return again;
}

START_TEST(sample_round_trip)
{
	struct scenario *s = sample_scenario(), *again = round_trip(s);
	const struct scenario *out;
	struct scenario_error e;

	same_module(again, s);
	ck_assert_int_eq(scenario_read(again, again->total_size, &out, &e), 0);
	free(again);
	free(s);
}
END_TEST

/* Every word of every field survives the way there and back; values that do not go together are left to the reader's tests. */
START_TEST(every_word_round_trip)
{
	struct scenario *s = sample_scenario(), *again;

	s->vms[SAMPLE_SAFETY].guest_flags = SCENARIO_FLAGS_ALL & ~SCENARIO_FLAG_LAPIC_PT;
	s->vms[SAMPLE_SAFETY].options = SCENARIO_OPTS_ALL & ~SCENARIO_OPT_MICROCODE;
	s->vms[SAMPLE_SERVICE].options = SCENARIO_OPT_MICROCODE;
	s->vms[SAMPLE_SERVICE].kernel.type = SCENARIO_KERNEL_ELF_MULTIBOOT;
	s->vms[SAMPLE_SERVICE].console = SCENARIO_NO_CONSOLE;
	s->vms[SAMPLE_USER].cpu_affinity = 0x8000000000000103;
	for (unsigned int i = 0; i < SCENARIO_NR_POLICIES; i++)
		s->pcpu_policy[16 + i] = (uint8_t)i;
	sample_seal(s);
	again = round_trip(s);
	same_module(again, s);
	free(again);
	free(s);
}
END_TEST

/* A right file in which FIRST..LAST lines are easy to count; tests replace parts of it. */
static const char base_xml[] =
	"<scenario name=\"t\">\n"						/* 1 */
	"  <pcpu_policy pcpus=\"2\">noop</pcpu_policy>\n"			/* 2 */
	"  <ivshmem_region name=\"shm\" size=\"64K\"/>\n"			/* 3 */
	"  <vm name=\"rt\">\n"							/* 4 */
	"    <load_order>pre_launched</load_order>\n"				/* 5 */
	"    <guest_flags>rt lapic_pt</guest_flags>\n"				/* 6 */
	"    <memory_size>256M</memory_size>\n"					/* 7 */
	"    <cpu_affinity>3</cpu_affinity>\n"					/* 8 */
	"    <vuart index=\"0\" type=\"console\" io_base=\"0x3f8\" irq=\"4\"/>\n"	/* 9 */
	"    <vuart index=\"1\" type=\"inter_vm\" io_base=\"0x2f8\" irq=\"3\" peer_vm=\"service\" peer_vuart=\"1\"/>\n"	/* 10 */
	"    <ivshmem region=\"shm\" access=\"rw\"/>\n"				/* 11 */
	"    <pci_dev>00:1f.2</pci_dev>\n"					/* 12 */
	"    <io_range base=\"0x60\" size=\"1\"/>\n"				/* 13 */
	"    <kernel>\n"							/* 14 */
	"      <type>elf_pvh</type>\n"						/* 15 */
	"      <tag>RT_vmlinux</tag>\n"						/* 16 */
	"      <bootargs>\n        console=ttyS0\n	quiet  </bootargs>\n"	/* 17..19 */
	"    </kernel>\n"							/* 20 */
	"  </vm>\n"								/* 21 */
	"  <vm name=\"service\">\n"						/* 22 */
	"    <load_order>service</load_order>\n"				/* 23 */
	"    <cpu_affinity>0-1</cpu_affinity>\n"				/* 24 */
	"    <vuart index=\"1\" type=\"inter_vm\" io_base=\"0x2f8\" irq=\"3\" peer_vm=\"rt\" peer_vuart=\"1\"/>\n"	/* 25 */
	"    <ivshmem region=\"shm\" access=\"ro\" doorbell=\"no\"/>\n"		/* 26 */
	"    <kernel><tag>Linux_bzImage</tag></kernel>\n"			/* 27 */
	"  </vm>\n"								/* 28 */
	"</scenario>\n";

START_TEST(fields_arrive)
{
	char said[4096];
	struct scenario *s = build_text(base_xml, said);
	const struct scenario_vm *rt, *service;

	ck_assert_msg(s, "%s", said);
	rt = &s->vms[0];
	service = &s->vms[1];
	ck_assert_str_eq(s->name, "t");
	ck_assert_uint_eq(s->pcpu_policy[2], SCENARIO_POLICY_NOOP);
	ck_assert_uint_eq(s->ivshmem[0].size, 65536);
	ck_assert_uint_eq(s->ivshmem[0].vm_mask, 3);
	ck_assert_uint_eq(s->ivshmem[0].writer_mask, 1);
	ck_assert_uint_eq(s->ivshmem[0].silent_mask, 2);
	ck_assert_uint_eq(rt->severity, SCENARIO_SEVERITY_RT);
	ck_assert_uint_eq(service->severity, SCENARIO_SEVERITY_SERVICE);
	ck_assert_uint_eq(rt->guest_flags, SCENARIO_FLAG_RT | SCENARIO_FLAG_LAPIC_PT);
	ck_assert_uint_eq(rt->memory_size, 256 << 20);
	ck_assert_uint_eq(rt->cpu_affinity, 8);
	ck_assert_uint_eq(rt->console, 0);
	ck_assert_uint_eq(service->console, SCENARIO_NO_CONSOLE);
	ck_assert_uint_eq(rt->vuarts[0].io_base, 0x3f8);
	ck_assert_uint_eq(rt->vuarts[0].irq, 4);
	ck_assert_uint_eq(rt->vuarts[1].peer_vm, 1);
	ck_assert_uint_eq(rt->nr_pci_devs, 1);
	ck_assert_uint_eq(rt->pci_devs[0], 0xfa);
	ck_assert_uint_eq(rt->io_ranges[0].base, 0x60);
	ck_assert_str_eq(rt->kernel.bootargs, "console=ttyS0 quiet");
	ck_assert_uint_eq(rt->kernel.type, SCENARIO_KERNEL_ELF_PVH);
	free(s);
}
END_TEST

/* A mistake: `from` of base_xml becomes `to`; hvconfig must say exactly `said`. */
static const struct mistake {
	const char *from, *to, *said;
} mistakes[] = {
	{ "256M", "256Q", "F:7: error: Element 'memory_size': [facet 'pattern'] The value '256Q' is not accepted by the pattern "
	  "'(0x[0-9a-fA-F]+|[0-9]+)[KMG]?'.\n"
	  "F:7: note: memory_size: Bytes, a multiple of 2M, as 256M. A pre-launched VM needs it; the Service VM has what the others leave and "
	  "must not have it; for a post-launched VM left out means that its creator says.\n" },
	{ "irq=\"4\"", "irq=\"x\"", "F:9: error: Element 'vuart', attribute 'irq': [facet 'pattern'] The value 'x' is not accepted by the "
	  "pattern '0x[0-9a-fA-F]+|[0-9]+'.\nF:9: note: irq: ISA interrupt, 1 to 15 without 2 and 8, as 4. Left out: the first that is free of "
	  "4, 3, 6, 7.\n" },
	{ "    <cpu_affinity>3</cpu_affinity>\n", "", "F:8: error: Element 'vuart': This element is not expected. Expected is one of ( "
	  "memory_hpa, cpu_affinity ).\nF:8: note: vuart: A virtual 16550 serial port.\n" },
	{ "elf_pvh", "elf", "F:15: error: Element 'type': [facet 'enumeration'] The value 'elf' is not an element of the set {'auto', "
	  "'bzimage', 'elf_multiboot', 'elf_pvh'}.\nF:15: note: type: Boot protocol. Left out: auto.\n" },
	{ "rt lapic_pt", "rt fast", "F:6: error: Element 'guest_flags': [facet 'enumeration'] The value 'fast' is not an element of the set "
	  "{'secure_world', 'lapic_pt', 'io_completion_polling', 'hide_mtrr', 'rt', 'nvmx', 'security_vm', 'vcat', 'static_vm', 'tee', 'ree', "
	  "'pmu_pt', 'vhwp', 'vtm', 'stateless'}.\n"
	  "F:6: note: guest_flags: Words with blanks between them; the bits of the VM creation interface.\n" },
	{ "</scenario>", "", "F:30: error: Premature end of data in tag scenario line 1\n" },
	{ "<scenario name", "<!DOCTYPE scenario [<!ENTITY a \"b\">]><scenario name",
	  "F: error: a DOCTYPE is not allowed here; remove it\n" },
	{ "0x3f8", "0x1003f8", "F:9: error: vm \"rt\": io_base \"0x1003f8\" is too large\n" },
	{ "256M", "99999999999G", "F:7: error: vm \"rt\": memory_size \"99999999999G\" is too large\n" },
	{ "256M", "18446744073709551616", "F:7: error: vm \"rt\": memory_size \"18446744073709551616\" is too large\n" },
	{ ">3<", ">3-1<", "F:8: error: vm \"rt\": cpu_affinity \"3-1\" has a range that runs backwards; write the lower pCPU first\n" },
	{ ">3<", ">3,64<", "F:8: error: vm \"rt\": cpu_affinity \"3,64\" names a pCPU that is not a number from 0 to 63\n" },
	{ "pcpus=\"2\"", "pcpus=\"99\"", "F:2: error: pcpu_policy: pcpus \"99\" names a pCPU that is not a number from 0 to 63\n" },
	{ "  <ivshmem_r", "  <pcpu_policy pcpus=\"1-4\">rr</pcpu_policy>\n  <ivshmem_r",
	  "F:3: error: pcpu_policy: pcpus \"1-4\" names a pCPU that has a policy already\n" },
	{ "peer_vm=\"service\"", "peer_vm=\"user\"", "F:10: error: vm \"rt\": peer_vm \"user\" is not the name of a VM in this file\n" },
	{ " peer_vm=\"service\"", "", "F:10: error: vm \"rt\": vuart \"1\" of type inter_vm needs peer_vm\n" },
	{ "type=\"console\" io_base=\"0x3f8\"", "type=\"console\" peer_vm=\"rt\" io_base=\"0x3f8\"",
	  "F:9: error: vm \"rt\": vuart \"0\" has a peer, which goes with type inter_vm only\n" },
	{ "index=\"1\" type=\"inter_vm\"", "index=\"0\" type=\"inter_vm\"",
	  "F:10: error: vm \"rt\": vuart \"0\" is given twice; each vuart of a VM needs its own index\n" },
	{ "region=\"shm\" access=\"rw\"", "region=\"shm2\" access=\"rw\"",
	  "F:11: error: vm \"rt\": ivshmem \"shm2\" is not the name of an ivshmem_region in this file\n" },
	{ "    <pci_dev>", "    <ivshmem region=\"shm\" access=\"ro\"/>\n    <pci_dev>",
	  "F:12: error: vm \"rt\": ivshmem \"shm\" is given twice to this VM\n" },
	/* From here on it is the hypervisor's reader that refuses; the line is the field's. */
	{ ">3<", ">1<", "F:24: error: vm \"service\": pCPU 1 is also used by vm \"rt\", which has LAPIC passthrough; a CPU of a "
	  "LAPIC-passthrough VM must be its own\n" },
	{ "rt lapic_pt", "lapic_pt", "F:6: error: vm \"rt\": guest flag lapic_pt needs guest flag rt as well\n" },
	{ "    <memory_size>256M</memory_size>\n", "",
	  "F:4: error: vm \"rt\": memory_size is missing; a pre-launched VM needs one, as 256M\n" },
	{ "64K", "65K", "F:3: error: ivshmem region \"shm\": size 0x10400; a power of two from 4K to 1G is needed, as it becomes a PCI BAR\n" },
	{ "vm name=\"service\"", "vm name=\"rt\"", "F:10: error: vm \"rt\": peer_vm \"service\" is not the name of a VM in this file\n"
	  "F:22: error: vm \"rt\": VM 0 has this name already; each VM needs its own\n" },
	{ "irq=\"4\"", "irq=\"8\"", "F:9: error: vm \"rt\": vuart 0: irq 8; 1 to 15 without 2 (cascade) and 8 (clock) are right\n" },
	{ "base=\"0x60\"", "base=\"0x2f0\"", NULL },
	{ "size=\"1\"", "size=\"0\"", "F:13: error: vm \"rt\": io_range 0: 0 ports from 0x60; at least one port is needed, and none beyond "
	  "0xffff\n" },
	{ "<bootargs>", "<load_addr>16M</load_addr>\n      <bootargs>", "F:17: error: vm \"rt\": load_addr is not for kernel type elf_pvh, whose "
	  "image says where it goes; leave it out\n" },
	{ "</pci_dev>", "</pci_dev>\n    <pci_dev>00:1f.2</pci_dev>",
	  "F:13: error: vm \"rt\": PCI device 00:1f.2 is also given to vm \"rt\"; it can have one owner\n" },
};

START_TEST(mistake_is_told)
{
	const struct mistake *m = &mistakes[_i];
	const char *at = strstr(base_xml, m->from);
	char xml[sizeof(base_xml) + 256], said[4096];
	struct scenario *s;

	ck_assert_ptr_nonnull(at);
	snprintf(xml, sizeof(xml), "%.*s%s%s", (int)(at - base_xml), base_xml, m->to, at + strlen(m->from));
	s = build_text(xml, said);
	if (m->said) {
		ck_assert_ptr_null(s);
		ck_assert_str_eq(said, m->said);
	} else {
		ck_assert_msg(s, "%s", said);	/* looks wrong and is right */
	}
	free(s);
}
END_TEST

START_TEST(missing_file)
{
	struct report r = { .file = "/nonexistent/scenario.xml", .out = stderr };

	ck_assert_ptr_null(schema_load(&r));
	ck_assert_int_eq(errno, ENOENT);
	ck_assert_uint_eq(r.errors, 0);
}
END_TEST

/* The scenarios of the tree, each built and shown and built again. */
START_TEST(shipped_scenarios)
{
	static const char *const names[] = { "hybrid_rt", "hybrid", "shared", "partitioned", "industry" };
	char path[128];
	struct report r = { .file = path, .out = stderr };

	for (unsigned int i = 0; i < ARRAY_SIZE(names); i++) {
		struct scenario *s, *again;
		xmlDoc *doc;

		snprintf(path, sizeof(path), "misc/config/scenarios/%s.xml", names[i]);
		doc = schema_load(&r);
		ck_assert_ptr_nonnull(doc);
		s = build_scenario(doc, &r);
		ck_assert_ptr_nonnull(s);
		ck_assert_str_eq(s->name, names[i]);
		again = round_trip(s);
		same_module(again, s);
		free(again);
		free(s);
		xmlFreeDoc(doc);
	}
}
END_TEST

static bool in_table(const struct field *table, const char *name)
{
	for (; table->name; table++)
		if (!strcmp(table->name, name))
			return true;
	return false;
}

/* Every declaration of the schema has a documentation and a place in the module, so that the two lists cannot part. */
static void check_declarations(const xmlNode *node)
{
	static const char *const elsewhere[] = { "scenario", "vm", "pcpu_policy", "pcpus", "ivshmem_region", "name", "console", "vuart", "index",
						 "peer_vm", "peer_vuart", "ivshmem", "region", "access", "doorbell", "pci_dev", "io_range", "kernel",
						 /* for the boot loader and acrn-dm, not in the module */
						 "hypervisor", "file", "launch", "vcpu_affinity", "kernel_file", "ramdisk_file", "kernel_args",
						 "serial", "port", "backend", "disk", "path", "slot", "network", "tap", "mac", "virtio_console",
						 "random" };

	for (const xmlNode *n = node->children; n; n = n->next) {
		bool declares = n->type == XML_ELEMENT_NODE &&
				(!strcmp((char *)n->name, "element") || !strcmp((char *)n->name, "attribute"));

		if (declares) {
			char *name = (char *)xmlGetNoNsProp(n, (const xmlChar *)"name"), text[512];
			bool known = in_table(fields_vm, name) || in_table(fields_kernel, name) || in_table(fields_vuart, name) ||
				     in_table(fields_io_range, name);

			for (unsigned int i = 0; i < ARRAY_SIZE(elsewhere); i++)
				known |= !strcmp(elsewhere[i], name);
			ck_assert_msg(known, "the schema has %s, hvconfig does not know it", name);
			schema_documentation(n, text, sizeof(text));
			ck_assert_msg(text[0] || !strcmp(name, "scenario"), "%s has no documentation", name);
			xmlFree(name);
		}
		if (n->type == XML_ELEMENT_NODE)
			check_declarations(n);
	}
}

/* The words the schema lists for `type` are those the module has, no fewer and no more. */
static void check_words(const xmlNode *schema, const char *type, const char *(*word)(unsigned int value), unsigned int nr_unlisted)
{
	const xmlNode *restriction = schema_child(schema_child(schema, "simpleType", type), "restriction", NULL);
	unsigned int nr_words = 0, nr_listed = 0;

	for (unsigned int i = 0; i < 256; i++)
		nr_words += word(i) != NULL;
	for (const xmlNode *n = restriction->children; n; n = n->next) {
		char *value;
		bool known = false;

		if (n->type != XML_ELEMENT_NODE)
			continue;
		value = (char *)xmlGetNoNsProp(n, (const xmlChar *)"value");
		for (unsigned int i = 0; i < 256; i++)
			known |= word(i) && !strcmp(word(i), value);
		ck_assert_msg(known, "%s: %s is in the schema only", type, value);
		nr_listed++;
		xmlFree(value);
	}
	ck_assert_msg(nr_words == nr_listed + nr_unlisted, "%s: %u words, %u in the schema", type, nr_words, nr_listed);
}

START_TEST(schema_and_module_agree)
{
	xmlDoc *doc = schema_document();
	const xmlNode *schema = xmlDocGetRootElement(doc);

	check_declarations(schema);
	check_words(schema, "policy", scenario_policy_name, 0);
	check_words(schema, "load_order", scenario_load_order_name, 0);
	check_words(schema, "severity", scenario_severity_name, 0);
	check_words(schema, "guest_flag", scenario_flag_name, 0);
	check_words(schema, "option", scenario_option_name, 0);
	check_words(schema, "crash_policy", scenario_crash_policy_name, 0);
	check_words(schema, "vuart_type", scenario_vuart_type_name, 1);	/* none: the vuart is left out */
	check_words(schema, "kernel_type", scenario_kernel_type_name, 0);
	xmlFreeDoc(doc);
}
END_TEST

START_TEST(doc_lists_every_field)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	ck_assert_int_eq(schema_print(out), 0);
	fclose(out);
	ck_assert_ptr_nonnull(strstr(text, "    vm (1 to 16 elements)\n"));
	ck_assert_ptr_nonnull(strstr(text, "        memory_size (optional element)\n"));
	ck_assert_ptr_nonnull(strstr(text, "            peer_vuart (optional attribute)\n"));
	ck_assert_ptr_nonnull(strstr(text, "            - lapic_pt: "));
	for (const struct field *f = fields_kernel; f->name; f++)
		ck_assert_msg(strstr(text, f->name) != NULL, "%s", f->name);
	free(text);
}
END_TEST

START_TEST(values)
{
	uint64_t value;
	uint16_t bdf;
	char text[256];

	ck_assert_ptr_null(value_number("0x10", false, 16, &value));
	ck_assert_uint_eq(value, 16);
	ck_assert_str_eq(value_number("17", false, 16, &value), "is too large");
	ck_assert_ptr_null(value_number("3K", true, UINT64_MAX, &value));
	ck_assert_uint_eq(value, 3072);
	ck_assert_str_eq(value_number("3K", false, UINT64_MAX, &value), "is not a number");
	ck_assert_str_eq(value_number("3KK", true, UINT64_MAX, &value), "is not a number with K, M or G behind it");
	ck_assert_str_eq(value_number("", true, UINT64_MAX, &value), "is not a number");
	ck_assert_str_eq(value_number("0x-1", true, UINT64_MAX, &value), "is not a number");
	ck_assert_str_eq(value_number("-1", true, UINT64_MAX, &value), "is not a number");
	ck_assert_ptr_null(value_cpus("0,2-4,63", &value));
	ck_assert_uint_eq(value, 0x800000000000001d);
	value_print_cpus(value, text, sizeof(text));
	ck_assert_str_eq(text, "0,2-4,63");
	value_print_cpus(UINT64_MAX, text, sizeof(text));
	ck_assert_str_eq(text, "0-63");
	value_print_cpus(0x5555555555555555, text, sizeof(text));
	ck_assert_ptr_null(value_cpus(text, &value));
	ck_assert_uint_eq(value, 0x5555555555555555);
	ck_assert_str_eq(value_cpus("0,", &value), "is not a list of pCPUs, as 0-2,5");
	ck_assert_str_eq(value_cpus("0 1", &value), "is not a list of pCPUs, as 0-2,5");
	ck_assert_ptr_null(value_bdf("ff:1f.7", &bdf));
	ck_assert_uint_eq(bdf, 0xffff);
	ck_assert_str_eq(value_bdf("00:20.0", &bdf), "is not bus:device.function, as 00:1f.2");
	value_print_size(0, text, sizeof(text));
	ck_assert_str_eq(text, "0");
	value_print_size(3ull << 29, text, sizeof(text));
	ck_assert_str_eq(text, "1536M");
	value_print_size(4097, text, sizeof(text));
	ck_assert_str_eq(text, "4097");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("hvconfig");
	TCase *tc = tcase_create("hvconfig");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 30);
	tcase_add_test(tc, sample_round_trip);
	tcase_add_test(tc, every_word_round_trip);
	tcase_add_test(tc, fields_arrive);
	tcase_add_loop_test(tc, mistake_is_told, 0, (int)ARRAY_SIZE(mistakes));
	tcase_add_test(tc, missing_file);
	tcase_add_test(tc, shipped_scenarios);
	tcase_add_test(tc, schema_and_module_agree);
	tcase_add_test(tc, doc_lists_every_field);
	tcase_add_test(tc, values);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}
