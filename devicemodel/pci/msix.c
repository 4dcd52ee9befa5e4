/* SPDX-License-Identifier: BSD-3-Clause */
/* MSI-X. The leaf lock msix->lock lets any thread fire vectors while the guest edits the table. */
#include "pci/msix.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/irq.h"
#include "pci/cfg.h"

#define MAX_VECTORS	2048u
#define ENTRY_SIZE	16u
#define CTRL_MASKED	1u
#define CONTROL_ENABLE	0x8000u
#define CONTROL_MASKALL	0x4000u

int pci_msix_init(struct pci_dev *pdev, unsigned int bar, unsigned int nr_vectors)
{
	struct pci_msix *msix = &pdev->msix;
	uint8_t body[10];
	uint16_t control = nr_vectors - 1;
	uint32_t table, pba;
	int err, cap;

	if (nr_vectors == 0 || nr_vectors > MAX_VECTORS || msix->nr_vectors || bar >= PCI_NR_BARS)
		return -EINVAL;
	/* Pending bits get a page of their own, so that the table's pages can be treated apart. */
	msix->pba_offset = (nr_vectors * ENTRY_SIZE + 4095) & ~4095u;
	err = pci_bar_alloc(pdev, bar, PCI_BAR_MEM32, msix->pba_offset + 4096);
	if (err)
		return err;
	table = bar;
	pba = msix->pba_offset | bar;
	memcpy(&body[0], &control, 2);
	memcpy(&body[2], &table, 4);
	memcpy(&body[6], &pba, 4);
	cap = pci_cap_add(pdev, PCI_CAP_ID_MSIX, body, 2 + sizeof(body));
	if (cap < 0)
		return cap;
	msix->table = calloc(nr_vectors, sizeof(*msix->table));
	msix->pending = calloc((nr_vectors + 63) / 64, sizeof(*msix->pending));
	if (!msix->table || !msix->pending) {
		free(msix->table);
		free(msix->pending);
		msix->table = NULL;
		msix->pending = NULL;
		return -ENOMEM;
	}
	pci_cfg_allow32(pdev, cap, (uint32_t)(CONTROL_ENABLE | CONTROL_MASKALL) << 16);
	msix->cap = cap;
	msix->bar = bar;
	msix->nr_vectors = nr_vectors;
	pci_msix_reset(pdev);
	return 0;
}

void pci_msix_reset(struct pci_dev *pdev)
{
	struct pci_msix *msix = &pdev->msix;

	pthread_mutex_lock(&msix->lock);
	for (unsigned int i = 0; i < msix->nr_vectors; i++)
		msix->table[i] = (struct pci_msix_entry){ .ctrl = CTRL_MASKED };
	if (msix->pending)
		memset(msix->pending, 0, (msix->nr_vectors + 63) / 64 * sizeof(*msix->pending));
	msix->enabled = false;
	msix->all_masked = false;
	pthread_mutex_unlock(&msix->lock);
}

void pci_msix_fini(struct pci_dev *pdev)
{
	free(pdev->msix.table);
	free(pdev->msix.pending);
	pdev->msix.table = NULL;
	pdev->msix.pending = NULL;
	pdev->msix.nr_vectors = 0;
}

static bool may_send(const struct pci_msix *msix, unsigned int vector)
{
	return msix->enabled && !msix->all_masked && !(msix->table[vector].ctrl & CTRL_MASKED);
}

/* Send @vector's message, now that it may be sent. Lock held, so a mask change is not overtaken. */
static void send(struct pci_dev *pdev, unsigned int vector)
{
	const struct pci_msix_entry *entry = &pdev->msix.table[vector];

	irq_msi(pdev->vm, entry->addr, entry->data);
}

static void send_pending(struct pci_dev *pdev, unsigned int vector)
{
	struct pci_msix *msix = &pdev->msix;
	uint64_t bit = 1ULL << (vector % 64);

	if (!(msix->pending[vector / 64] & bit) || !may_send(msix, vector))
		return;
	msix->pending[vector / 64] &= ~bit;
	send(pdev, vector);
}

void pci_msix_fire(struct pci_dev *pdev, unsigned int vector)
{
	struct pci_msix *msix = &pdev->msix;

	if (vector >= msix->nr_vectors)
		return;
	pthread_mutex_lock(&msix->lock);
	if (may_send(msix, vector))
		send(pdev, vector);
	else if (msix->enabled)
		msix->pending[vector / 64] |= 1ULL << (vector % 64);
	pthread_mutex_unlock(&msix->lock);
}

bool pci_msix_enabled(struct pci_dev *pdev)
{
	bool on;

	pthread_mutex_lock(&pdev->msix.lock);
	on = pdev->msix.enabled;
	pthread_mutex_unlock(&pdev->msix.lock);
	return on;
}

bool pci_msix_message(struct pci_dev *pdev, unsigned int vector, uint64_t *addr, uint32_t *data)
{
	struct pci_msix *msix = &pdev->msix;
	bool on = false;

	if (vector >= msix->nr_vectors)
		return false;
	pthread_mutex_lock(&msix->lock);
	if (may_send(msix, vector)) {
		*addr = msix->table[vector].addr;
		*data = msix->table[vector].data;
		on = true;
	}
	pthread_mutex_unlock(&msix->lock);
	return on;
}

void pci_msix_control(struct pci_dev *pdev)
{
	struct pci_msix *msix = &pdev->msix;
	uint16_t control = pci_cfg_get16(pdev, msix->cap + 2);

	pthread_mutex_lock(&msix->lock);
	msix->enabled = control & CONTROL_ENABLE;
	msix->all_masked = control & CONTROL_MASKALL;
	if (msix->enabled && !msix->all_masked)
		for (unsigned int i = 0; i < msix->nr_vectors; i++)
			send_pending(pdev, i);
	pthread_mutex_unlock(&msix->lock);
	pci_intx_update(pdev);
}

uint64_t pci_msix_read(struct pci_dev *pdev, uint64_t offset, unsigned int size)
{
	struct pci_msix *msix = &pdev->msix;
	uint64_t table_size = (uint64_t)msix->nr_vectors * ENTRY_SIZE;
	uint64_t pba_size = (msix->nr_vectors + 63) / 64 * 8;
	uint64_t value = 0;

	pthread_mutex_lock(&msix->lock);
	if (offset < table_size && size <= table_size - offset)
		memcpy(&value, (uint8_t *)msix->table + offset, size);
	else if (offset >= msix->pba_offset && offset - msix->pba_offset < pba_size &&
		 size <= pba_size - (offset - msix->pba_offset))
		memcpy(&value, (uint8_t *)msix->pending + (offset - msix->pba_offset), size);
	pthread_mutex_unlock(&msix->lock);
	return value;
}

/* The specification allows aligned accesses of 4 and 8 bytes only; others are dropped. */
void pci_msix_write(struct pci_dev *pdev, uint64_t offset, unsigned int size, uint64_t value)
{
	struct pci_msix *msix = &pdev->msix;
	unsigned int vector = offset / ENTRY_SIZE;

	if (vector >= msix->nr_vectors || (size != 4 && size != 8) || offset % size)
		return;
	pthread_mutex_lock(&msix->lock);
	memcpy((uint8_t *)msix->table + offset, &value, size);
	send_pending(pdev, vector);
	pthread_mutex_unlock(&msix->lock);
}
