/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands that show registers and memory. */
#include "debug/cmd.h"
#include "debug/peek.h"
#include "lib/addr.h"
#include "lib/string.h"
#include "lib/util.h"
#include "log/console.h"
#include "vm/gpa.h"
#include "vm/gva.h"
#include "vm/vcpu.h"
#include "vm/vm.h"
#include "x86/insn.h"
#include "x86/vmcs_field.h"
#include "x86/vmx_insn.h"

#define DUMP_MAX	4096u
#define PHYSICAL_MAX	BIT(52)

struct registers {
	uint64_t gpr[NR_GPRS];
	uint64_t rip, rflags, cr0, cr3, cr4, efer;
	struct {
		uint64_t selector, base, limit, rights;
	} seg[6];
};

static void read_registers(struct vcpu *vcpu, void *arg)
{
	struct registers *r = arg;
	uint32_t i;

	for (i = 0; i < NR_GPRS; i++)
		r->gpr[i] = vcpu_gpr(vcpu, i);
	r->rip = vcpu_rip(vcpu);
	r->rflags = vcpu_rflags(vcpu);
	r->cr0 = vcpu_cr0(vcpu);
	r->cr3 = vcpu_cr3(vcpu);
	r->cr4 = vcpu_cr4(vcpu);
	r->efer = vcpu_efer(vcpu);
	for (i = 0; i < 6; i++) {
		r->seg[i].selector = vmread(VMCS_GUEST_ES + 2 * i);
		r->seg[i].base = vmread(VMCS_GUEST_ES_BASE + 2 * i);
		r->seg[i].limit = vmread(VMCS_GUEST_ES_LIMIT + 2 * i);
		r->seg[i].rights = vmread(VMCS_GUEST_ES_AR + 2 * i);
	}
}

void cmd_vcpu_dumpreg(int argc, char **argv)
{
	static const char *const names[NR_GPRS] = { "rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
						    "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15" };
	static const char *const segs[] = { "es", "cs", "ss", "ds", "fs", "gs" };
	struct vcpu *vcpu = argc == 3 ? peek_vcpu(argv[1], argv[2]) : NULL;
	struct registers r;
	uint32_t i;

	if (argc != 3)
		console_printf("vcpu_dumpreg VM VCPU\n");
	if (!vcpu || !peek(vcpu, read_registers, &r))
		return;
	for (i = 0; i < NR_GPRS; i++)
		console_printf("%-3s %016lx%s", names[i], r.gpr[i], i % 4 == 3 ? "\n" : "  ");
	console_printf("rip %016lx  rflags %lx  efer %lx\ncr0 %lx  cr3 %lx  cr4 %lx\n", r.rip, r.rflags, r.efer,
		       r.cr0, r.cr3, r.cr4);
	for (i = 0; i < 6; i++)
		console_printf("%s %04lx  base %lx  limit %lx  rights %lx\n", segs[i], r.seg[i].selector, r.seg[i].base,
			       r.seg[i].limit, r.seg[i].rights);
}

static void print_row(uint64_t at, const uint8_t *b, uint32_t n)
{
	char text[17] = { 0 };
	uint32_t i;

	console_printf("%016lx ", at);
	for (i = 0; i < 16; i++) {
		if (i < n)
			console_printf(" %02x", b[i]);
		else
			console_printf("   ");
		text[i] = i >= n ? 0 : b[i] < ' ' || b[i] > '~' ? '.' : (char)b[i];
	}
	console_printf("  %s\n", text);
}

/* Address and length of a dump; false after saying what is wrong. */
static bool range(const char *addr, const char *len, uint64_t *at, uint64_t *n)
{
	if (!str_to_u64(addr, at) && !str_to_u64(len, n) && *n && *n <= DUMP_MAX && range_fits(*at, *n, ~0ul))
		return true;
	console_printf("an address and a length of 1 to %u bytes are needed, in decimal or with 0x\n", DUMP_MAX);
	return false;
}

/* Physical addresses are looked at through the direct map. What is not mapped there is not memory of anybody here. */
void cmd_dump_host_mem(int argc, char **argv)
{
	uint64_t at, len, done;
	uint8_t row[16];
	uint32_t i;

	if (argc != 3 || !range(argv[1], argv[2], &at, &len)) {
		if (argc != 3)
			console_printf("dump_host_mem ADDRESS LENGTH\n");
		return;
	}
	for (done = 0; done < len; done += 16) {
		uint32_t n = (uint32_t)MIN(16ul, len - done);
		const uint8_t *p = (const uint8_t *)(at + done);

		if (at < PHYSICAL_MAX)
			p = hpa_to_hva(hpa(at + done));
		for (i = 0; i < n && !load8_safe(p + i, &row[i]); i++)
			;
		if (i)
			print_row(at + done, row, i);
		if (i < n) {
			console_printf("%016lx  nothing is mapped\n", at + done + i);
			return;
		}
	}
}

struct guest_bytes {
	uint64_t at, len, done;
	uint8_t bytes[DUMP_MAX];
};

/* Page by page; the guest's tables are read, no accessed bit is set, no fault is raised. */
static void read_guest(struct vcpu *vcpu, void *arg)
{
	struct guest_bytes *g = arg;

	while (g->done < g->len) {
		uint64_t at = g->at + g->done, n = MIN(g->len - g->done, PAGE_SIZE - (at & (PAGE_SIZE - 1)));
		uint32_t error;
		gpa_t pa;

		if (gva_translate(vcpu, at, GVA_READ, &pa, &error) || gpa_read(vcpu->vm, pa, g->bytes + g->done, n))
			return;
		g->done += n;
	}
}

void cmd_dump_guest_mem(int argc, char **argv)
{
	static struct guest_bytes g;
	struct vcpu *vcpu = argc == 4 ? peek_vcpu(argv[1], "0") : NULL;
	uint64_t i;

	if (argc != 4)
		console_printf("dump_guest_mem VM ADDRESS LENGTH: linear address, as vCPU 0 sees it\n");
	g.done = 0;
	if (!vcpu || !range(argv[2], argv[3], &g.at, &g.len) || !peek(vcpu, read_guest, &g))
		return;
	for (i = 0; i < g.done; i += 16)
		print_row(g.at + i, g.bytes + i, (uint32_t)MIN(16ul, g.done - i));
	if (g.done < g.len)
		console_printf("%016lx  no memory of the guest\n", g.at + g.done);
}
