// SPDX-License-Identifier: GPL-2.0
/*
 * Upcalls: how the hypervisor gets the Service VM's attention. A kernel with
 * CONFIG_ACRN_GUEST lets us take vector 0xF3; every kernel can bind the HSM
 * function, whose MSI the hypervisor prefers once it is enabled.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt
#include <linux/interrupt.h>
#include <linux/module.h>
#include <linux/pci.h>
#ifdef CONFIG_ACRN_GUEST
#include <asm/acrn.h>
#endif
#include "hsm.h"
#include "hypercall.h"
#include "public/hsm_function.h"

static bool function_bound;

static irqreturn_t function_irq(int irq, void *data)
{
	hsm_upcall();
	return IRQ_HANDLED;
}

static int function_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int ret;

	if (pdev->revision != HSM_FUNCTION_REVISION) {
		dev_err(&pdev->dev, "HSM function of revision %u, this driver knows %u\n",
			pdev->revision, HSM_FUNCTION_REVISION);
		return -ENODEV;
	}
	ret = pci_enable_device(pdev);
	if (ret)
		return ret;
	pci_set_master(pdev);
	ret = pci_alloc_irq_vectors(pdev, 1, 1, PCI_IRQ_MSI);
	if (ret < 0) {
		dev_err(&pdev->dev, "no MSI for upcalls (%d)\n", ret);
		goto undo_enable;
	}
	ret = request_irq(pci_irq_vector(pdev, 0), function_irq, 0, KBUILD_MODNAME, pdev);
	if (ret)
		goto undo_vectors;
	function_bound = true;
	return 0;

undo_vectors:
	pci_free_irq_vectors(pdev);
undo_enable:
	pci_disable_device(pdev);
	return ret;
}

static void function_remove(struct pci_dev *pdev)
{
	function_bound = false;
	free_irq(pci_irq_vector(pdev, 0), pdev);
	pci_free_irq_vectors(pdev);
	pci_disable_device(pdev);
}

static const struct pci_device_id function_ids[] = {
	{ PCI_DEVICE(HSM_FUNCTION_VENDOR, HSM_FUNCTION_DEVICE) },
	{ }
};
MODULE_DEVICE_TABLE(pci, function_ids);

static struct pci_driver function_driver = {
	.name = KBUILD_MODNAME,
	.id_table = function_ids,
	.probe = function_probe,
	.remove = function_remove,
	/* Unbound by hand, running VMs would wait for ever. */
	.driver.suppress_bind_attrs = true,
};

#ifdef CONFIG_ACRN_GUEST
static bool vector_init(void)
{
	/* The vector's handler is never a thread, and our locks sleep on such a kernel. */
	if (IS_ENABLED(CONFIG_PREEMPT_RT))
		return false;
	acrn_setup_intr_handler(hsm_upcall);
	return true;
}

static void vector_fini(void)
{
	acrn_remove_intr_handler();
}
#else
static bool vector_init(void)
{
	return false;
}

static void vector_fini(void)
{
}
#endif

/* hsm_notify_init() - find a way to receive upcalls; -ENODEV when there is none. */
int hsm_notify_init(void)
{
	bool vector;
	int ret;

	ret = pci_register_driver(&function_driver);
	if (ret)
		return ret;
	vector = vector_init();
	if (function_bound || vector) {
		pr_info("upcalls by %s\n",
			function_bound ? "the HSM function's MSI" : "vector 0xF3");
		return 0;
	}
	pci_unregister_driver(&function_driver);
	pr_err("no HSM function (PCI %04x:%04x) and no CONFIG_ACRN_GUEST: no way to receive upcalls\n",
	       HSM_FUNCTION_VENDOR, HSM_FUNCTION_DEVICE);
	return -ENODEV;
}

/* hsm_notify_fini() - no more upcalls after this. */
void hsm_notify_fini(void)
{
	vector_fini();
	pci_unregister_driver(&function_driver);
}
