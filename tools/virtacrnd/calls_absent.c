/* SPDX-License-Identifier: BSD-3-Clause */
/* What is answered for libvirt's own daemons where there are none (relay.h): there is nothing of the kind. So clients go on without. */
#include <libvirt/virterror.h>

#include "tools/virtacrnd/calls.h"
#include "tools/virtacrnd/row.h"
#include "wire.h"

/* No number, or an empty list. */
static int nothing(struct call *call, void *args, void *ret)
{
	(void)call, (void)args, (void)ret;
	return 0;
}

static int no_network(struct call *call, void *args, void *ret)
{
	(void)args, (void)ret;
	return call_fail(call, VIR_ERR_NO_NETWORK, "there is no network: no libvirtd answers in its folder; VMs have interfaces of type 'ethernet' on a tap");
}

static int no_interface(struct call *call, void *args, void *ret)
{
	(void)args, (void)ret;
	return call_fail(call, VIR_ERR_NO_INTERFACE, "no interface is known: no libvirtd answers in its folder");
}

static int no_device(struct call *call, void *args, void *ret)
{
	(void)args, (void)ret;
	return call_fail(call, VIR_ERR_NO_NODE_DEVICE, "no device is known: no libvirtd answers in its folder");
}

/* A list with its count is the same for all kinds as long as it is empty. */
#define ROW_ALL		ROW(wire_list_ask), ROW(wire_pools)

const struct call_row calls_absent[] = {
	{ 283, "list_all_networks", ROW_ALL, CALL_READ, nothing },
	{ 284, "list_all_interfaces", ROW_ALL, CALL_READ, nothing },
	{ 285, "list_all_node_devices", ROW_ALL, CALL_READ, nothing },
	{ 286, "list_all_nwfilters", ROW_ALL, CALL_READ, nothing },
	{ 287, "list_all_secrets", ROW_ALL, CALL_READ, nothing },
	{ 401, "list_all_nwfilter_bindings", ROW_ALL, CALL_READ, nothing },
	{ 52, "num_of_networks", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 50, "num_of_defined_networks", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 126, "num_of_interfaces", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 137, "num_of_defined_interfaces", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 139, "num_of_secrets", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 178, "num_of_nwfilters", ROW_VOID, ROW_INT, CALL_READ, nothing },
	{ 111, "node_num_of_devices", ROW(wire_devices_ask), ROW_INT, CALL_READ, nothing },
	{ 38, "list_networks", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 36, "list_defined_networks", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 127, "list_interfaces", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 138, "list_defined_interfaces", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 140, "list_secrets", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 179, "list_nwfilters", ROW_INT, ROW(wire_texts), CALL_READ, nothing },
	{ 112, "node_list_devices", ROW(wire_devices_list_ask), ROW(wire_texts), CALL_READ, nothing },
	{ 46, "network_lookup_by_name", ROW_TEXT, ROW_VOID, CALL_READ, no_network },
	{ 47, "network_lookup_by_uuid", ROW(wire_uuid), ROW_VOID, CALL_READ, no_network },
	{ 128, "interface_lookup_by_name", ROW_TEXT, ROW_VOID, CALL_READ, no_interface },
	{ 129, "interface_lookup_by_mac_string", ROW_TEXT, ROW_VOID, CALL_READ, no_interface },
	{ 113, "node_device_lookup_by_name", ROW_TEXT, ROW_VOID, CALL_READ, no_device },
	{ 0 }
};
