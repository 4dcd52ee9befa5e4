/* SPDX-License-Identifier: BSD-3-Clause */
/* board_inspector on made-up machines: facts, the file against its schema, the summary, and trees that lie. */
/* unit: tools/board_inspector/board.c tools/board_inspector/source.c tools/board_inspector/cpus.c tools/board_inspector/memory.c tools/board_inspector/acpi.c tools/board_inspector/pci.c tools/board_inspector/devices.c tools/board_inspector/features.c tools/board_inspector/verdict.c tools/board_inspector/xml.c */
/* unit-flags: -Itools/board_inspector -I/usr/include/libxml2 -D_GNU_SOURCE */
/* unit-libs: -lxml2 */
#define main board_inspector_main
#include "tools/board_inspector/main.c"
#undef main

#include <check.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <libxml/xmlschemas.h>
#include <sys/stat.h>

static char root[64], out_path[96];
static struct board *board;

static void make_folders(char *path)
{
	for (char *p = strchr(path + strlen(root) + 1, '/'); p; p = strchr(p + 1, '/')) {
		*p = '\0';
		mkdir(path, 0755);
		*p = '/';
	}
}

static void put(const char *name, const void *data, size_t size)
{
	char path[256];
	FILE *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_folders(path);
	f = fopen(path, "w");
	ck_assert_msg(f != NULL, "%s", path);
	ck_assert_uint_eq(fwrite(data, 1, size, f), size);
	fclose(f);
}

static void put_text(const char *name, const char *text)
{
	put(name, text, strlen(text));
}

static void put_link(const char *name, const char *to)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	make_folders(path);
	unlink(path);
	ck_assert_int_eq(symlink(to, path), 0);
}

/* A table with the right length and checksum; `body` begins behind the header. */
static void put_table(const char *name, const void *body, size_t size)
{
	uint8_t t[512] = { 0 }, sum = 0;
	uint32_t length = (uint32_t)(36 + size);

	memcpy(t, name, 4);
	memcpy(t + 4, &length, 4);
	memcpy(t + 10, "OEMID ", 6);
	memcpy(t + 16, "TABLE\x01  ", 8);
	memcpy(t + 36, body, size);
	for (uint32_t i = 0; i < length; i++)
		sum = (uint8_t)(sum + t[i]);
	t[9] = (uint8_t)-sum;
	char path[96];

	snprintf(path, sizeof(path), "sys/firmware/acpi/tables/%s", name);
	put(path, t, length);
}

static void w16(uint8_t *at, uint16_t v) { memcpy(at, &v, 2); }
static void w32(uint8_t *at, uint32_t v) { memcpy(at, &v, 4); }

static void put_function(const char *name, const uint8_t *config, size_t size)
{
	char path[128];

	snprintf(path, sizeof(path), "sys/bus/pci/devices/%s/config", name);
	put(path, config, size);
}

/* CPUID and MSRs of a CPU that has everything, two CPUs. `ecx1` and `feature_control` are what tests vary. */
static void put_cpus(uint32_t ecx1, const char *msrs)
{
	char text[1024];

	for (unsigned int cpu = 0; cpu < 2; cpu++) {
		char path[96];

		snprintf(text, sizeof(text),
			 "0 0 d 756e6547 6c65746e 49656e69\n1 0 000906ed 0 %x ffffffff\n7 0 0 ffffffff 0 0\nb 0 1 2 100 %x\n"
			 "d 1 f 0 0 0\n80000000 0 80000008 0 0 0\n80000001 0 0 0 121 2c100800\n"
			 "80000002 0 20202020 65746e49 2952286c 726f4320\n80000003 0 4d542865 37692029 0 0\n80000007 0 0 0 0 100\n",
			 ecx1, cpu * 2);
		snprintf(path, sizeof(path), "dev/cpu/%u/cpuid", cpu);
		put_text(path, text);
		if (msrs) {
			snprintf(path, sizeof(path), "dev/cpu/%u/msr", cpu);
			put_text(path, msrs);
		}
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/core_id", cpu);
		put_text(path, cpu ? "1\n" : "0\n");
		snprintf(path, sizeof(path), "sys/devices/system/cpu/cpu%u/topology/physical_package_id", cpu);
		put_text(path, "0\n");
	}
}

static const char all_msrs[] = "3a 5\n481 ff00000016\n482 fff9fffe0401e172\n48b 0f5fffff00000000\n48c f0106734141\n";

/* A root port with ACS, and a network function behind it. */
static void put_pci(void)
{
	uint8_t c[4096] = { 0 };

	w16(c, 0x8086); w16(c + 2, 0xa33f); w16(c + 6, 0x10); w32(c + 8, 0x060400f0); c[0xe] = 1; c[0x19] = 2; c[0x34] = 0x40;
	c[0x40] = 0x10; w16(c + 0x42, 0x42);
	w32(c + 0x100, 0x0001000d | 0x140u << 20); w16(c + 0x104, 0x5f); w16(c + 0x106, 0x1d);
	put_function("0000:00:1c.7", c, sizeof(c));
	memset(c, 0, sizeof(c));
	w16(c, 0x8086); w16(c + 2, 0x1533); w16(c + 6, 0x10); w32(c + 8, 0x02000003); c[0x34] = 0x40; c[0x3d] = 1;
	w16(c + 0x2c, 0x8086); w16(c + 0x2e, 0x1);
	c[0x40] = 1; c[0x41] = 0x50;				/* PM: No_Soft_Reset clear */
	c[0x50] = 5; c[0x51] = 0x70; w16(c + 0x52, 3 << 1);	/* MSI, 8 */
	c[0x70] = 0x11; c[0x71] = 0xa0; w16(c + 0x72, 4);	/* MSI-X, 5 */
	c[0xa0] = 0x10; c[0xa1] = 0; w32(c + 0xa4, 1u << 28);	/* Express with FLR */
	put_function("0000:02:00.0", c, sizeof(c));
	put_text("sys/bus/pci/devices/0000:02:00.0/resource",
		 "0x00000000a1700000 0x00000000a177ffff 0x0000000000040200\n0x0 0x0 0x0\n0xe000 0xe01f 0x40101\n");
	put_link("sys/bus/pci/devices/0000:02:00.0/iommu_group", "../../../../kernel/iommu_groups/14");
	put_link("sys/bus/pci/devices/0000:02:00.0/driver", "../../../bus/pci/drivers/igb");
}

static void put_tables(void)
{
	uint8_t madt[] = { 0, 0, 0xe0, 0xfe, 1, 0, 0, 0,
			   0, 8, 0, 0, 1, 0, 0, 0,  0, 8, 1, 2, 0, 0, 0, 0,
			   1, 12, 2, 0, 0, 0, 0xc0, 0xfe, 0, 0, 0, 0,
			   9, 16, 0, 0, 0, 1, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0 };
	uint8_t dmar[12 + 16] = { 38, 1 }, mcfg[8 + 16] = { 0 };

	put_table("APIC", madt, sizeof(madt));
	w16(dmar + 14, 16); dmar[16] = 1; w32(dmar + 20, 0xfed91000);
	put_table("DMAR", dmar, sizeof(dmar));
	w32(mcfg + 8, 0xe0000000); mcfg[19] = 0xff;
	put_table("MCFG", mcfg, sizeof(mcfg));
}

static void put_memory(unsigned int nr, const char *start, const char *end, const char *type)
{
	static const char *const names[] = { "start", "end", "type" };
	const char *values[] = { start, end, type };
	char path[96], text[64];

	for (unsigned int i = 0; i < 3; i++) {
		snprintf(path, sizeof(path), "sys/firmware/memmap/%u/%s", nr, names[i]);
		snprintf(text, sizeof(text), "%s\n", values[i]);
		put_text(path, text);
	}
}

static void put_machine(void)
{
	put_cpus(0x7ffafbff, all_msrs);
	put_text("sys/devices/system/cpu/cpu0/cache/index0/level", "3\n");
	put_text("sys/devices/system/cpu/cpu0/cache/index0/size", "12288K\n");
	put_text("sys/devices/system/cpu/cpu0/cache/index0/shared_cpu_list", "0-1\n");
	put_text("sys/devices/system/cpu/cpu0/cache/index0/type", "Unified\n");
	put_memory(0, "0x0", "0x9ffff", "System RAM");
	put_memory(10, "0x100000000", "0x13fffffff", "System RAM");
	put_memory(2, "0x100000", "0x7fffffff", "System RAM");
	put_tables();
	put_pci();
	put_text("sys/class/tty/ttyS0/type", "4\n");
	put_text("sys/class/tty/ttyS0/port", "0x3F8\n");
	put_text("sys/class/tty/ttyS0/irq", "4\n");
	put_link("sys/class/tty/ttyS0/device", "../../../00:00:0.0");
	put_text("sys/class/tty/ttyS1/type", "0\n");
	put_text("sys/class/tty/ttyS4/type", "4\n");
	put_text("sys/class/tty/ttyS4/port", "0x0\n");
	put_text("sys/class/tty/ttyS4/iomem_base", "0x8F802000\n");
	put_link("sys/class/tty/ttyS4/device", "../../../0000:00:1e.0:0.0");
	put_text("sys/class/tpm/tpm0/tpm_version_major", "2\n");
	put_text("sys/class/dmi/id/board_name", " RXM\t<181> \n");
	put_text("sys/firmware/efi/fw_platform_size", "64\n");
}

static void inspect_tree(void)
{
	struct source s;

	memset(board, 0, sizeof(*board));
	ck_assert_int_eq(source_open(&s, root), 0);
	board_cpus_read(board, &s);
	board_memory_read(board, &s);
	board_acpi_read(board, &s);
	board_pci_read(board, &s);
	board_devices_read(board, &s);
	source_close(&s);
}

static const char *summary(enum verdict expected)
{
	static char text[16384];
	FILE *out = fmemopen(text, sizeof(text), "w");
	enum verdict v = verdict_print(board, out);

	fclose(out);
	ck_assert_msg(v == expected, "verdict %d:\n%s", (int)v, text);
	return text;
}

static void expect(const char *text, const char *words)
{
	ck_assert_msg(strstr(text, words) != NULL, "\"%s\" is not in:\n%.2000s", words, text);
}

/* The board file as text, after it has passed its schema. */
static char *board_file(void)
{
	xmlSchemaParserCtxt *parser = xmlSchemaNewParserCtxt("misc/config/schema/board.xsd");
	xmlSchema *schema = xmlSchemaParse(parser);
	xmlSchemaValidCtxt *valid = xmlSchemaNewValidCtxt(schema);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	xmlDoc *doc;

	ck_assert(board_write(board, "b", out));
	fclose(out);
	doc = xmlReadMemory(text, (int)size, "b.xml", NULL, XML_PARSE_NONET);
	ck_assert_msg(doc != NULL, "%.2000s", text);
	ck_assert_msg(xmlSchemaValidateDoc(valid, doc) == 0, "%.2000s", text);
	xmlFreeDoc(doc);
	xmlSchemaFreeValidCtxt(valid);
	xmlSchemaFree(schema);
	xmlSchemaFreeParserCtxt(parser);
	return text;
}

static void setup(void)
{
	strcpy(root, "/tmp/test_board.XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(out_path, sizeof(out_path), "%s.xml", root);
	board = malloc(sizeof(*board));
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

static void teardown(void)
{
	nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
	unlink(out_path);
	free(board);
}

START_TEST(facts_arrive)
{
	const struct board_pci *net;
	uint64_t largest;

	put_machine();
	inspect_tree();
	ck_assert_uint_eq(board->cpus.nr, 2);
	ck_assert_str_eq(board->cpus.vendor, "GenuineIntel");
	ck_assert_str_eq(board->cpus.model, "Intel(R) Core(TM) i7");
	ck_assert_uint_eq(board->cpus.model_id, 0x9e);
	ck_assert_uint_eq(board->cpus.cpu[1].apic_id, 2);
	ck_assert_int_eq(board->cpus.cpu[1].core_id, 1);
	ck_assert_int_eq(board->cpus.cpu[1].die_id, -1);
	ck_assert_uint_eq(board->cpus.nr_caches, 1);
	ck_assert_uint_eq(board->cpus.cache[0].size, 12288 << 10);
	ck_assert_uint_eq(board->memory.nr, 3);
	ck_assert_uint_eq(board->memory.range[1].start, 0x100000);
	ck_assert_uint_eq(board_ram(board, &largest), 0xa0000ull + 0x7ff00000 + 0x40000000);
	ck_assert_uint_eq(largest, 0x7ff00000);
	ck_assert_uint_eq(board->acpi.nr, 3);
	ck_assert_uint_eq(board->acpi.nr_lapics, 2);
	ck_assert_uint_eq(board->acpi.ioapic[0].address, 0xfec00000);
	ck_assert_uint_eq(board->acpi.drhd[0].address, 0xfed91000);
	ck_assert(board->acpi.drhd[0].include_all && board->acpi.intr_remap && !board->acpi.x2apic_opt_out);
	ck_assert_uint_eq(board->acpi.ecam_last_bus, 255);
	ck_assert_str_eq(board->acpi.table[0].oem_table_id, "TABLE");
	ck_assert_uint_eq(board->pci.nr, 2);
	ck_assert(board->pci.dev[0].is_bridge && board->pci.dev[0].acs && !board->pci.dev[0].flr);
	ck_assert_uint_eq(board->pci.dev[0].acs_enabled, 0x1d);
	net = &board->pci.dev[1];
	ck_assert(net->flr && net->pm_reset && net->is_express && !net->short_config);
	ck_assert_uint_eq(net->msi_vectors, 8);
	ck_assert_uint_eq(net->msix_vectors, 5);
	ck_assert_int_eq(net->iommu_group, 14);
	ck_assert_str_eq(net->driver, "igb");
	ck_assert_uint_eq(net->bar[0].end, 0xa177ffff);
	ck_assert_uint_eq(net->bar[2].start, 0xe000);
	ck_assert_uint_eq(board->devices.nr_serials, 2);
	ck_assert_str_eq(board->devices.serial[0].device, "00:00");
	ck_assert_str_eq(board->devices.serial[1].device, "0000:00:1e.0");
	ck_assert(board->devices.serial[1].is_mmio);
	ck_assert_uint_eq(board->devices.tpm_major, 2);
	ck_assert_str_eq(board->devices.product, "RXM?<181>");
	ck_assert(board->devices.efi);
	ck_assert_uint_eq(board->nr_remarks, 0);
}
END_TEST

START_TEST(file_keeps_to_schema)
{
	char *text;

	put_machine();
	inspect_tree();
	text = board_file();
	expect(text, "<thread cpu_id=\"1\" apic_id=\"0x2\" package_id=\"0\" die_id=\"-1\" core_id=\"1\"/>");
	expect(text, "<msr id=\"0x3a\" value=\"0x5\"/>");
	expect(text, "product=\"RXM?&lt;181&gt;\"");
	expect(text, "<capability id=\"MSI-X\" count=\"5\"/>");
	/* The function stands inside its bridge. */
	ck_assert(strstr(text, "address=\"00:1c.7\"") < strstr(text, "<bus type=\"pci\" segment=\"0x0\" address=\"0x02\">"));
	ck_assert_ptr_null(strstr(strstr(text, "address=\"0x02\">") + 1, "<bus"));
	free(text);
	memset(board, 0, sizeof(*board));	/* a machine that shows nothing */
	free(board_file());
}
END_TEST

START_TEST(verdict_of_a_good_board)
{
	const char *text;

	put_machine();
	inspect_tree();
	text = summary(VERDICT_RUNS);
	expect(text, "Quercus runs on this board.");
	expect(text, "uart=port@0x3f8");
	expect(text, "real-time VM with LAPIC passthrough: yes");
	expect(text, "confined: yes, both");
	expect(text, "reset alone (FLR): 1 of 1");
	ck_assert_ptr_null(strstr(text, "missing"));
}
END_TEST

/* What a board lacks, and what the summary must then say. */
static const struct lack {
	uint32_t ecx1;
	const char *msrs;
	enum verdict verdict;
	const char *said, *not_said;
} lacks[] = {
	{ 0x7ffafbdf, all_msrs, VERDICT_NOT, "missing: VT-x (VMX) (CPUID 1 ECX bit 5)\n      switch on: firmware setup", "EPT with 4" },
	{ 0x7ffafbff, "3a 1\n", VERDICT_NOT, "missing: VT-x not disabled by the firmware (MSR 0x3A", "VMX) (CPUID" },
	{ 0x7ffafbff, "3a 0\n481 ff00000016\n482 fff9fffe0401e172\n48b 0f5fffff00000000\n48c f0106734141\n", VERDICT_RUNS, "runs", "missing" },
	{ 0x7ffafbff, "3a 5\n481 ff00000016\n482 fff9fffe0401e172\n48b 0f5fff7f00000000\n48c f0106734141\n", VERDICT_NOT,
	  "missing: unrestricted guest (MSR 0x48B bit 39)", "VPID (" },
	{ 0x7ffafbff, "3a 5\n481 ff00000016\n482 fff9fffe0401e172\n48b 0f5fffff00000000\n48c f0106724141\n", VERDICT_RUNS,
	  "missing: ept-2m (MSR 0x48C bit 16)", "EPT with" },
	{ 0x7fdafbff, all_msrs, VERDICT_RUNS, "missing: x2apic (CPUID 1 ECX bit 21)\n      without it: no LAPIC passthrough", "yes, on all" },
	{ 0x7ffafbff, NULL, VERDICT_UNKNOWN, "find out: run as root, after modprobe msr", "missing: EPT" },
};

START_TEST(verdict_of_a_lacking_board)
{
	const struct lack *l = &lacks[_i];
	const char *text;

	put_machine();
	for (unsigned int i = 0; i < 2; i++) {
		char path[96];

		snprintf(path, sizeof(path), "%s/dev/cpu/%u/msr", root, i);
		unlink(path);
	}
	put_cpus(l->ecx1, l->msrs);
	inspect_tree();
	text = summary(l->verdict);
	expect(text, l->said);
	ck_assert_msg(!strstr(text, l->not_said), "\"%s\" is in:\n%s", l->not_said, text);
}
END_TEST

START_TEST(verdict_without_iommu_and_ram)
{
	char path[128];
	const char *text;

	put_machine();
	snprintf(path, sizeof(path), "%s/sys/firmware/acpi/tables/DMAR", root);
	unlink(path);
	put_memory(2, "0x100000", "0xfffffff", "System RAM");
	put_memory(10, "0x10000000", "0x100fffff", "Reserved");
	inspect_tree();
	text = summary(VERDICT_NOT);
	expect(text, "missing: iommu (ACPI table DMAR)\n      without it: devices reach all memory: DMA is not confined\n      switch on: ");
	expect(text, "missing: RAM: 255 MiB are too few");
}
END_TEST

/* What the hypervisor's capability gate asks for stands in our list, in the same words. */
START_TEST(list_is_the_capability_gate)
{
	FILE *f = fopen("hypervisor/cpu/features.c", "r");
	char line[512];
	unsigned int nr = 0;

	ck_assert_ptr_nonnull(f);
	while (fgets(line, sizeof(line), f)) {
		char name[64], where[64];
		const struct feature *found = NULL;
		bool needed = sscanf(line, " { %*[a-z_], \"%63[^\"]\", \"%63[^\"]\" }", name, where) == 2;

		if (!needed && sscanf(line, " [FEAT_%*[A-Z0-9_]] = { \"%63[^\"]\", %*[^\"]\"%63[^\"]\" }", name, where) != 2)
			continue;
		nr++;
		/* These two are the machine's; apic-timer is found out by trying, and a TSC whose rate is not told is measured. */
		if (!strcmp(where, "ACPI table DMAR") || !strcmp(name, "apic-timer") || !strcmp(name, "tsc-cpuid"))
			continue;
		for (const struct feature *v = verdict_features; v->name; v++)
			if (!strcmp(v->name, name) && !strcmp(v->where, where))
				found = v;
		ck_assert_msg(found != NULL, "the hypervisor asks for %s (%s), board_inspector does not", name, where);
		ck_assert_msg(needed == !found->without, "%s: needed, or used when it is there?", name);
	}
	fclose(f);
	ck_assert_uint_ge(nr, 30);
}
END_TEST

/* A firmware that switched VT-x on on one CPU only, and a CPU with cores of two kinds. */
START_TEST(cpus_that_differ)
{
	char text[4096];
	char *file;

	put_machine();
	put_text("dev/cpu/1/msr", "3a 1\n481 ff00000016\n482 fff9fffe0401e172\n48b 0f5fffff00000000\n48c f0106734141\n");
	for (unsigned int i = 0; i < 2; i++) {
		snprintf(text, sizeof(text), "0 0 20 0 0 0\n1 0 0 0 7ffafbff ffffffff\n7 0 0 0 0 8000\n1a 0 %x000001 0 0 0\n", i ? 0x20 : 0x40);
		put_text(i ? "dev/cpu/1/cpuid" : "dev/cpu/0/cpuid", text);
	}
	inspect_tree();
	ck_assert_uint_eq(board->nr_remarks, 1);
	ck_assert_str_eq(board->remark[0], "CPU 1 is not like CPU 0: its MSR 0x3A is 0x1, not 0x5");
	expect(summary(VERDICT_RUNS), "note: CPU 1 is not like CPU 0");
	file = board_file();
	expect(file, "core_id=\"0\" core_type=\"Core\"/>");
	expect(file, "core_id=\"1\" core_type=\"Atom\"/>");
	free(file);
}
END_TEST

START_TEST(iomem_where_there_is_no_memmap)
{
	put_text("proc/iomem", "00000000-00000fff : Reserved\n00001000-0009fbff : System RAM\n  00002000-00002fff : System RAM\nrubbish\n"
			       "100000000-63fffffff : System RAM\n");
	inspect_tree();
	ck_assert_uint_eq(board->memory.nr, 3);
	ck_assert_uint_eq(board->memory.range[2].end, 0x63fffffff);
	put_text("proc/iomem", "00000000-00000000 : System RAM\n");	/* as those see it who are not root */
	inspect_tree();
	ck_assert_uint_eq(board->memory.nr, 0);
	free(board_file());
}
END_TEST

START_TEST(lists_that_point_back_end)
{
	uint8_t c[4096] = { 0 };

	w16(c, 0x8086); w16(c + 6, 0x10); c[0x34] = 0x43;	/* low bits are reserved */
	c[0x40] = 0x10; c[0x41] = 0x50;
	c[0x50] = 5; c[0x51] = 0x40;
	w32(c + 0x100, 0x0001000d | 0x200u << 20);
	w32(c + 0x200, 0x00010010 | 0x100u << 20);
	put_function("0000:00:01.0", c, sizeof(c));
	w32(c + 0x200, 0x00010010 | 0xffcu << 20);
	w32(c + 0xffc, 0x0001000d | 0xfffu << 20);
	put_function("0000:00:02.0", c, sizeof(c));
	c[0x41] = 0xff;						/* the last byte */
	put_function("0000:00:03.0", c, 256);
	put_function("0000:00:04.0", c, 64);
	put_function("0000:00:05.0", c, 63);
	put_function("0000:00:20.0", c, 64);			/* no such device number */
	put_function("0000:00:06.0x", c, 64);
	inspect_tree();
	ck_assert_uint_eq(board->pci.nr, 4);
	ck_assert(board->pci.dev[0].acs && board->pci.dev[0].sriov);
	ck_assert(!board->pci.dev[1].short_config && board->pci.dev[2].short_config && board->pci.dev[3].short_config);
	ck_assert_uint_eq(board->nr_remarks, 3);	/* no CPUs, no memory, and the one that is too short */
	free(board_file());
}
END_TEST

/* Bridges that name each other's buses, or their own. */
START_TEST(circles_of_bridges_end)
{
	uint8_t c[64] = { 0 };
	char *text;

	c[0xe] = 1;
	for (unsigned int bus = 0; bus < 40; bus++) {
		char name[32];

		c[0x19] = (uint8_t)(bus == 39 ? 0 : bus + 1);
		snprintf(name, sizeof(name), "0000:%02x:00.0", bus);
		put_function(name, c, sizeof(c));
		c[0x19] = (uint8_t)bus;
		snprintf(name, sizeof(name), "0000:%02x:01.0", bus);
		put_function(name, c, sizeof(c));
	}
	inspect_tree();
	text = board_file();
	expect(text, "address=\"10:00.0\"");
	free(text);
}
END_TEST

START_TEST(tables_that_lie)
{
	uint8_t t[64] = "DMAR";
	const uint8_t zero_entry[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 }, long_entry[] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0, 1, 0, 0, 0, 0, 200, 0, 0, 1 };
	char path[96];

	w32(t + 4, 0xffffffff);
	put("sys/firmware/acpi/tables/DMAR", t, sizeof(t));	/* longer than it is */
	put("sys/firmware/acpi/tables/SSDT", t, 20);		/* no header */
	w32(t + 4, 12);
	put("sys/firmware/acpi/tables/DMAR2", t, sizeof(t));	/* shorter than a header */
	w32(t + 4, 64);
	put("sys/firmware/acpi/tables/DMAR3", t, sizeof(t));	/* checksum */
	put("sys/firmware/acpi/tables/empty", t, 0);
	inspect_tree();
	ck_assert(!board->acpi.has_dmar);
	ck_assert_uint_eq(board->acpi.nr, 3);
	for (unsigned int i = 0; i < 3; i++)
		ck_assert(!board->acpi.table[i].good);
	put_table("APIC", zero_entry, sizeof(zero_entry));
	inspect_tree();
	ck_assert(board->acpi.has_madt);
	ck_assert_uint_eq(board->acpi.nr_lapics, 0);
	put_table("APIC", long_entry, sizeof(long_entry));
	inspect_tree();
	ck_assert_uint_eq(board->acpi.nr_lapics, 1);
	put_table("APIC", long_entry, 4);			/* ends inside its own fields */
	put_table("MCFG", zero_entry, 8);
	put_table("FACP", zero_entry, 8);
	put_table("TPM2", zero_entry, 2);
	put_table("DMAR", zero_entry, 1);
	inspect_tree();
	ck_assert(!board->acpi.has_ecam && !board->acpi.has_reset && board->acpi.has_tpm2 && board->acpi.has_dmar);
	free(board_file());
	/* A table of 100 GB takes a megabyte. */
	snprintf(path, sizeof(path), "%s/sys/firmware/acpi/tables/DSDT", root);
	put("sys/firmware/acpi/tables/DSDT", "DSDT\xff\xff\xff\x7f", 8);
	ck_assert_int_eq(truncate(path, 100ll << 30), 0);
	inspect_tree();
	ck_assert(!board->acpi.table[2].good);
}
END_TEST

START_TEST(files_that_are_none)
{
	char path[128], secret[96];

	/* A pipe in a file's place must not block, a link must not lead out, a folder is no file. */
	put_text("sys/class/dmi/id/bios_vendor", "x");
	snprintf(path, sizeof(path), "%s/sys/class/dmi/id/bios_date", root);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	snprintf(path, sizeof(path), "%s/sys/class/dmi/id/board_vendor", root);
	ck_assert_int_eq(mkdir(path, 0700), 0);
	snprintf(secret, sizeof(secret), "%s.xml", root);
	snprintf(path, sizeof(path), "../../../../../../../..%s", secret);
	FILE *f = fopen(secret, "w");
	fputs("secret\n", f);
	fclose(f);
	put_link("sys/class/dmi/id/bios_version", path);
	put_link("sys/class/dmi/id/board_name", secret);
	put_text("sys/devices/system/cpu/cpu0/cache/index0/level", "99999999999999999999999\n");
	put_text("sys/devices/system/cpu/cpu0/online", "1\n");
	put_text("sys/devices/system/cpu/cpu1/online", "0\n");
	put_text("sys/devices/system/cpu/cpufreq/x", "0\n");
	put_text("dev/cpu/0/cpuid", "0 0\n1 0 zzz\nffffffffffffffffffffffff 0 0 0 0 0");
	inspect_tree();
	ck_assert_str_eq(board->devices.bios_vendor, "x");
	ck_assert_str_eq(board->devices.bios_version, "");
	ck_assert_str_eq(board->devices.bios_date, "");
	ck_assert_str_eq(board->devices.product, "");
	ck_assert_uint_eq(board->cpus.nr, 1);
	ck_assert(!board->cpus.cpu[0].has_apic_id && !board->cpus.words.known[WORD_1_ECX]);
	ck_assert_uint_eq(board->cpus.nr_caches, 0);
	free(board_file());
	summary(VERDICT_UNKNOWN);
}
END_TEST

START_TEST(more_than_fits)
{
	uint8_t c[64] = { 0 };
	char name[64];

	for (unsigned int i = 0; i < 1030; i++) {
		snprintf(name, sizeof(name), "%04x:%02x:%02x.%u", i >> 12, i >> 8, i >> 3 & 31, i & 7);
		put_function(name, c, sizeof(c));
	}
	for (unsigned int i = 0; i < 520; i++) {
		char start[32];

		snprintf(start, sizeof(start), "0x%x", i * 0x1000);
		put_memory(i, start, i == 7 ? "0x0" : start, "Reserved");
	}
	for (unsigned int i = 0; i < 70; i++) {
		snprintf(name, sizeof(name), "sys/class/tty/ttyS%u/type", i);
		put_text(name, "4\n");
	}
	inspect_tree();
	ck_assert_uint_eq(board->pci.nr, 1024);
	ck_assert_uint_eq(board->memory.nr, 512);
	ck_assert_uint_eq(board->devices.nr_serials, 64);
	ck_assert_uint_eq(board->nr_remarks, 16);
	free(board_file());
}
END_TEST

#define RUN(...) run_command((char *[]){ "board_inspector", __VA_ARGS__, NULL })

static int run_command(char **args)
{
	int nr = 0;

	while (args[nr])
		nr++;
	return board_inspector_main(nr, args);
}

START_TEST(command)
{
	put_machine();
	ck_assert_int_eq(RUN("--root", root, "--out", out_path, "nuc"), 0);
	ck_assert_int_eq(access(out_path, R_OK), 0);
	put_cpus(0, NULL);
	ck_assert_int_eq(RUN("--root", root, "--out", "-"), 1);
	ck_assert_int_eq(RUN("--root", "/nonexistent"), 2);
	ck_assert_int_eq(RUN("--root", root, "--out", "/nonexistent/b.xml"), 2);
	ck_assert_int_eq(RUN("--root", root, "../etc"), 2);
	ck_assert_int_eq(RUN("--root", root, "a", "b"), 2);
	ck_assert_int_eq(RUN("--frobnicate"), 2);
	ck_assert_int_eq(RUN("--help"), 0);
}
END_TEST

/* This machine, whatever it is. */
START_TEST(here)
{
	ck_assert_int_le(RUN("--out", out_path, "here"), 1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("board_inspector");
	TCase *tc = tcase_create("board");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, facts_arrive);
	tcase_add_test(tc, file_keeps_to_schema);
	tcase_add_test(tc, verdict_of_a_good_board);
	tcase_add_loop_test(tc, verdict_of_a_lacking_board, 0, (int)(sizeof(lacks) / sizeof(lacks[0])));
	tcase_add_test(tc, verdict_without_iommu_and_ram);
	tcase_add_test(tc, list_is_the_capability_gate);
	tcase_add_test(tc, cpus_that_differ);
	tcase_add_test(tc, iomem_where_there_is_no_memmap);
	tcase_add_test(tc, lists_that_point_back_end);
	tcase_add_test(tc, circles_of_bridges_end);
	tcase_add_test(tc, tables_that_lie);
	tcase_add_test(tc, files_that_are_none);
	tcase_add_test(tc, more_than_fits);
	tcase_add_test(tc, command);
	tcase_add_test(tc, here);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	xmlCleanupParser();
	return failed != 0;
}
