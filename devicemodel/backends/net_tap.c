/* SPDX-License-Identifier: BSD-3-Clause */
/* Tap interfaces (Linux, Documentation/networking/tuntap.rst). */
#include "backends/net_tap.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "core/log.h"

#define TUN_PATH "/dev/net/tun"

static int fail(struct net_tap *tap, const char *what, int err)
{
	const char *hint = "";

	if (err == EPERM)
		hint = " (needs CAP_NET_ADMIN, or an interface made before by \"ip tuntap add\" for this user)";
	else if (err == EBUSY)
		hint = " (another process has it open)";
	log_error("virtio-net: tap interface %s: %s: %s%s", tap->name, what, strerror(err), hint);
	net_tap_close(tap);
	return -err;
}

int net_tap_open(struct net_tap *tap, const char *name)
{
	struct ifreq ifr = { .ifr_flags = IFF_TAP | IFF_NO_PI | IFF_VNET_HDR };
	int hdr = NET_TAP_HDR;

	tap->fd = -1;
	strncpy(tap->name, name, sizeof(tap->name) - 1);
	tap->name[sizeof(tap->name) - 1] = 0;
	if (strlen(name) >= IFNAMSIZ)
		return fail(tap, "a name has at most 15 characters", ENAMETOOLONG);
	tap->fd = open(TUN_PATH, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	if (tap->fd < 0)
		return fail(tap, "cannot open " TUN_PATH, errno);
	strncpy(ifr.ifr_name, name, IFNAMSIZ - 1);
	if (ioctl(tap->fd, TUNSETIFF, &ifr))
		return fail(tap, "cannot attach", errno);
	memcpy(tap->name, ifr.ifr_name, IFNAMSIZ);
	if (ioctl(tap->fd, TUNSETVNETHDRSZ, &hdr))
		return fail(tap, "cannot set the header size", errno);
	/* Nothing is accepted until the guest says so; and this tells whether the host can do it at all. */
	tap->offloads = net_tap_set_offloads(tap, true, true, true) == 0;
	net_tap_set_offloads(tap, false, false, false);
	return 0;
}

void net_tap_close(struct net_tap *tap)
{
	if (tap->fd >= 0)
		close(tap->fd);
	tap->fd = -1;
}

int net_tap_set_offloads(struct net_tap *tap, bool csum, bool tso4, bool tso6)
{
	unsigned int flags = 0;

	if (csum)
		flags = TUN_F_CSUM | (tso4 ? TUN_F_TSO4 : 0) | (tso6 ? TUN_F_TSO6 : 0);
	return ioctl(tap->fd, TUNSETOFFLOAD, (unsigned long)flags) ? -errno : 0;
}

ssize_t net_tap_read(struct net_tap *tap, const struct iovec *iov, int nr)
{
	ssize_t n = readv(tap->fd, iov, nr);

	return n < 0 ? -errno : n;
}

ssize_t net_tap_write(struct net_tap *tap, const struct iovec *iov, int nr)
{
	ssize_t n = writev(tap->fd, iov, nr);

	return n < 0 ? -errno : n;
}
