// SPDX-License-Identifier: GPL-2.0
/*
 * A native driver that answers its probes as its parameters say. It has the name of its module, drives
 * nothing, and is there so that scenarios can be run on a real kernel.
 */
#include <linux/delay.h>
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>

static char *ids = "";
module_param(ids, charp, 0444);
MODULE_PARM_DESC(ids, "what it claims: vendor:device in hexadecimal, device 0 for any; separated by ;");
static char *probe = "";
module_param(probe, charp, 0644);
MODULE_PARM_DESC(probe, "results of probes: KEY=N,N,… separated by ; with an address, pf or vf as KEY");
static char *defers_until = "";
module_param(defers_until, charp, 0644);
MODULE_PARM_DESC(defers_until, "address of the function without whose driver a probe is put off");
static char *sriov = "none";
module_param(sriov, charp, 0444);
MODULE_PARM_DESC(sriov, "none, simple (by the core), or own (its remove function takes the VFs away)");
static bool async;
module_param(async, bool, 0444);
static uint probe_ms, remove_ms;
module_param(probe_ms, uint, 0644);
module_param(remove_ms, uint, 0644);

#define KEYS 8
static struct pci_device_id table[KEYS + 1];
/* How many results of each key were given so far. */
static uint given[KEYS];

/* The next result of a list; the last one repeats. */
static int next_of(const char *list, uint *nth)
{
	int result = 0, length;
	uint at = 0;

	while (sscanf(list, "%d%n", &result, &length) == 1) {
		list += length;
		if (*list != ',' || at++ == *nth)
			break;
		list++;
	}
	++*nth;
	return result;
}

static int result_of(const char *key)
{
	size_t length = strlen(key);
	const char *at = probe;
	uint i;

	for (i = 0; i < KEYS && at; i++) {
		if (!strncmp(at, key, length) && at[length] == '=')
			return next_of(at + length + 1, &given[i]);
		at = strchr(at, ';');
		if (at)
			at++;
	}
	return INT_MIN;
}

static bool has_driver(const char *address)
{
	struct device *dev = bus_find_device_by_name(&pci_bus_type, NULL, address);
	bool has = dev && device_is_bound(dev);

	put_device(dev);
	return has;
}

static int lab_probe(struct pci_dev *pdev, const struct pci_device_id *id)
{
	int result;

	if (probe_ms)
		msleep(probe_ms);
	if (*defers_until && !has_driver(defers_until))
		return -EPROBE_DEFER;
	result = result_of(pci_name(pdev));
	if (result == INT_MIN)
		result = result_of(pdev->is_virtfn ? "vf" : "pf");
	return result == INT_MIN ? 0 : result;
}

static void lab_remove(struct pci_dev *pdev)
{
	if (remove_ms)
		msleep(remove_ms);
	if (!strcmp(sriov, "own") && !pdev->is_virtfn)
		pci_disable_sriov(pdev);
}

static int own_sriov(struct pci_dev *pdev, int count)
{
	int ret = 0;

	if (count == 0)
		pci_disable_sriov(pdev);
	else
		ret = pci_enable_sriov(pdev, count);
	return ret ? ret : count;
}

static struct pci_driver driver = {
	.name = KBUILD_MODNAME,
	.id_table = table,
	.probe = lab_probe,
	.remove = lab_remove,
};

static int __init lab_init(void)
{
	const char *at = ids;
	uint i, vendor, device;

	for (i = 0; i < KEYS && at && sscanf(at, "%x:%x", &vendor, &device) == 2; i++) {
		table[i].vendor = vendor;
		table[i].device = device ? device : PCI_ANY_ID;
		table[i].subvendor = table[i].subdevice = PCI_ANY_ID;
		at = strchr(at, ';');
		if (at)
			at++;
	}
	if (!strcmp(sriov, "simple"))
		driver.sriov_configure = pci_sriov_configure_simple;
	if (!strcmp(sriov, "own"))
		driver.sriov_configure = own_sriov;
	driver.driver.probe_type = async ? PROBE_PREFER_ASYNCHRONOUS : PROBE_FORCE_SYNCHRONOUS;
	return pci_register_driver(&driver);
}

static void __exit lab_exit(void)
{
	pci_unregister_driver(&driver);
}

module_init(lab_init);
module_exit(lab_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("PCI driver that does as it is told");
