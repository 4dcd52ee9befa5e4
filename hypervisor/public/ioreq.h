/* SPDX-License-Identifier: BSD-3-Clause OR GPL-2.0 */
/*
 * The IOREQ page: how a guest's port or memory access reaches the device model.
 *
 * One page per VM, shared by the hypervisor (HV), the kernel module (HSM) and
 * the device model (DM): 16 slots of 256 bytes, slot n belongs to vCPU n, and
 * a vCPU has at most one request open. `processed` says whose turn it is:
 *
 *	FREE --HV--> PENDING --HSM--> PROCESSING --HSM or DM--> COMPLETE --HV--> FREE
 *
 * The HV fills a slot, orders its stores, then stores PENDING. Who completes a
 * request stores `value` (reads) and then COMPLETE with release order, and
 * makes HC_NOTIFY_REQUEST_FINISH (not needed for VM_FLAG_IO_POLLING). The HV
 * owns the content in FREE and COMPLETE. All parties treat the page as written
 * by the others: each field is read once into a local and checked.
 */
#pragma once
#include "types.h"

#define IOREQ_SLOTS		16u	/* so at most 16 vCPUs in a post-launched VM */

/* acrn_io_request.type */
#define IOREQ_TYPE_PORTIO	0u
#define IOREQ_TYPE_MMIO		1u
#define IOREQ_TYPE_PCICFG	2u	/* made by the HSM from accesses to 0xCF8/0xCFC */
#define IOREQ_TYPE_WP		3u	/* a write to a write-protected page */

/* acrn_io_request.processed */
#define IOREQ_PENDING		0u
#define IOREQ_COMPLETE		1u
#define IOREQ_PROCESSING	2u
#define IOREQ_FREE		3u

/* direction */
#define IOREQ_READ		0u
#define IOREQ_WRITE		1u

struct acrn_mmio_request {
	uint32_t direction;
	uint32_t reserved;
	uint64_t address;	/* guest-physical */
	uint64_t size;		/* bytes: 1, 2, 4 or 8 */
	uint64_t value;
};
ABI_SIZE(struct acrn_mmio_request, 32);
ABI_AT(struct acrn_mmio_request, address, 8);
ABI_AT(struct acrn_mmio_request, size, 16);
ABI_AT(struct acrn_mmio_request, value, 24);

struct acrn_pio_request {
	uint32_t direction;
	uint32_t reserved;
	uint64_t address;	/* port */
	uint64_t size;		/* bytes: 1, 2 or 4 */
	uint32_t value;
};
/* 28 bytes of fields, padded to a multiple of 8. */
ABI_SIZE(struct acrn_pio_request, 32);
ABI_AT(struct acrn_pio_request, address, 8);
ABI_AT(struct acrn_pio_request, size, 16);
ABI_AT(struct acrn_pio_request, value, 24);

/* direction, size and value lie over those of acrn_pio_request. */
struct acrn_pci_request {
	uint32_t direction;
	uint32_t reserved[3];
	uint64_t size;		/* bytes: 1, 2 or 4 */
	uint32_t value;
	uint32_t bus;
	uint32_t dev;
	uint32_t func;
	uint32_t reg;		/* byte offset in configuration space, 0..4095 */
};
/* 44 bytes of fields, padded to a multiple of 8. */
ABI_SIZE(struct acrn_pci_request, 48);
ABI_AT(struct acrn_pci_request, size, 16);
ABI_AT(struct acrn_pci_request, value, 24);
ABI_AT(struct acrn_pci_request, bus, 28);
ABI_AT(struct acrn_pci_request, dev, 32);
ABI_AT(struct acrn_pci_request, func, 36);
ABI_AT(struct acrn_pci_request, reg, 40);

/* One slot. */
struct acrn_io_request {
	uint32_t type;
	uint32_t completion_polling;	/* 1: the HV polls, no notify needed */
	uint32_t reserved0[14];
	union {
		struct acrn_pio_request pio_request;
		struct acrn_pci_request pci_request;
		struct acrn_mmio_request mmio_request;
		uint64_t data[8];
	} reqs;
	/*
	 * Our addition, slot 0 only, valid with HV_EXT_Q_HYPERCALLS (reserved
	 * elsewhere): the HV counts here the times this VM stopped by itself
	 * (Q_VM_STOPPED of vm.h), then upcalls; HC_RESET_VM leaves the count alone.
	 * A changed number tells HSM and DM to ask HC_Q_VM_STATE; nobody pays a
	 * hypercall for an unchanged one.
	 */
	uint32_t state_seq;
	uint32_t kernel_handled;	/* 1: a client inside the HSM has it; the DM keeps off */
	uint32_t processed;
	/*
	 * Our addition, slot 0 only (padding elsewhere): 1 while a CPU of the Service
	 * VM looks at the slots all the time, so that the HV may leave out the upcall
	 * for a request. Who clears it looks at the slots once more after a full
	 * barrier; the HV needs one between storing PENDING and reading this.
	 */
	uint32_t polled;
} __attribute__((aligned(256)));
ABI_SIZE(struct acrn_io_request, 256);
ABI_AT(struct acrn_io_request, completion_polling, 4);
ABI_AT(struct acrn_io_request, reqs, 64);
ABI_AT(struct acrn_io_request, state_seq, 128);
ABI_AT(struct acrn_io_request, kernel_handled, 132);
ABI_AT(struct acrn_io_request, processed, 136);
ABI_AT(struct acrn_io_request, polled, 140);

/* The page. */
struct acrn_io_request_buffer {
	struct acrn_io_request req_slot[IOREQ_SLOTS];
};
ABI_SIZE(struct acrn_io_request_buffer, 4096);

/* acrn_asyncio_info.type */
#define ASYNCIO_PIO	1u
#define ASYNCIO_MMIO	2u

/*
 * HC_ASYNCIO_ASSIGN: writes answered by posting fd, 8 bytes, to the VM's ring ACRN_SBUF_ASYNCIO; an upcall follows, unless slot 0
 * says `polled` or an entry before waits. So who takes entries stores head and then, behind a full barrier, looks at tail once
 * more. Ring full, or not set up: they come as requests.
 */
struct acrn_asyncio_info {
	uint32_t type;
	uint32_t match_data;	/* 1: only when the value written is data */
	uint64_t addr;
	uint64_t fd;
	uint64_t data;
};
ABI_SIZE(struct acrn_asyncio_info, 32);
ABI_AT(struct acrn_asyncio_info, match_data, 4);
ABI_AT(struct acrn_asyncio_info, addr, 8);
ABI_AT(struct acrn_asyncio_info, fd, 16);
ABI_AT(struct acrn_asyncio_info, data, 24);
