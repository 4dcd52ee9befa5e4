/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/paging.h"

#include "lib/util.h"
#include "x86/insn.h"

extern uint64_t page_root[512];

static uint64_t window_pointers[512] __aligned(4096), window_directory[512] __aligned(4096);
static uint64_t window_table[512] __aligned(4096);

static void prepare(void)
{
	if (page_root[1])
		return;
	window_directory[0] = (uint64_t)window_table | PTE_P | PTE_W | PTE_U;
	window_pointers[0] = (uint64_t)window_directory | PTE_P | PTE_W | PTE_U;
	page_root[1] = (uint64_t)window_pointers | PTE_P | PTE_W | PTE_U;
}

void *paging_set(unsigned int index, uint64_t pte)
{
	uint64_t va = PAGING_WINDOW + index * PAGE_SIZE;

	prepare();
	WRITE_ONCE(window_table[index], pte);
	invlpg(va);
	return (void *)va;
}

uint64_t paging_get(unsigned int index)
{
	return READ_ONCE(window_table[index]);
}
