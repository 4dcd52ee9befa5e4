/* SPDX-License-Identifier: BSD-3-Clause */
/* The tap backend on a real interface, where the process may make one; the errors everywhere. */
/* unit: devicemodel/backends/net_tap.c tests/fake/virtio_log.c */
/* unit-flags: -Idevicemodel */
#include <arpa/inet.h>
#include <check.h>
#include <errno.h>
#include <linux/if.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "backends/net_tap.h"
#include "virtio_log.h"

#define TYPE 0x88b5	/* IEEE 802 local experimental */

static struct net_tap tap;

/* Opens an interface of our own, or says why that is impossible here. */
static bool open_tap(void)
{
	char name[16];

	snprintf(name, sizeof(name), "qut%d", getpid() % 1000000);
	if (net_tap_open(&tap, name) == 0)
		return true;
	printf("SKIP: no tap interfaces here: %s", virtio_log_text());
	return false;
}

/* Brings it up and returns a packet socket on it: the host's network stack, as far as we are concerned. */
static int host_side(void)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_protocol = htons(TYPE) };
	struct ifreq ifr = { 0 };
	int fd = socket(AF_PACKET, SOCK_RAW, htons(TYPE));

	ck_assert_int_ge(fd, 0);
	strcpy(ifr.ifr_name, tap.name);
	ck_assert_int_eq(ioctl(fd, SIOCGIFINDEX, &ifr), 0);
	at.sll_ifindex = ifr.ifr_ifindex;
	ck_assert_int_eq(ioctl(fd, SIOCGIFFLAGS, &ifr), 0);
	ifr.ifr_flags |= IFF_UP;
	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

START_TEST(frames_both_ways)
{
	uint8_t frame[60] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, TYPE >> 8, TYPE & 0xff, 'h', 'i' };
	uint8_t hdr[NET_TAP_HDR] = { 0 }, got[2048];
	struct iovec out[2] = { { hdr, sizeof(hdr) }, { frame, sizeof(frame) } };
	struct iovec in[2] = { { hdr, sizeof(hdr) }, { got, sizeof(got) } };
	struct pollfd p = { .events = POLLIN };
	int fd, i;
	ssize_t n;

	if (!open_tap())
		return;
	fd = host_side();
	ck_assert_int_eq(net_tap_write(&tap, out, 2), sizeof(hdr) + sizeof(frame));
	p.fd = fd;
	ck_assert_int_eq(poll(&p, 1, 2000), 1);
	ck_assert_int_eq(recv(fd, got, sizeof(got), 0), sizeof(frame));
	ck_assert_mem_eq(got, frame, sizeof(frame));
	frame[14] = 'H';
	ck_assert_int_eq(send(fd, frame, sizeof(frame), 0), sizeof(frame));
	/* The host sends frames of its own (IPv6 neighbours) in between. */
	p.fd = tap.fd;
	for (i = 0; i < 100; i++) {
		ck_assert_int_eq(poll(&p, 1, 2000), 1);
		n = net_tap_read(&tap, in, 2);
		ck_assert_int_gt(n, NET_TAP_HDR);
		if (got[12] == TYPE >> 8 && got[13] == (TYPE & 0xff))
			break;
	}
	ck_assert_int_eq(n, NET_TAP_HDR + sizeof(frame));
	ck_assert_mem_eq(got, frame, sizeof(frame));
	close(fd);
	net_tap_close(&tap);
}
END_TEST

START_TEST(down_is_an_error_and_empty_is_not)
{
	uint8_t hdr[NET_TAP_HDR] = { 0 }, frame[60] = { 0 };
	struct iovec io[2] = { { hdr, sizeof(hdr) }, { frame, sizeof(frame) } };

	if (!open_tap())
		return;
	ck_assert_int_eq(net_tap_read(&tap, io, 2), -EAGAIN);
	ck_assert_int_eq(net_tap_write(&tap, io, 2), -EIO);
	net_tap_close(&tap);
}
END_TEST

START_TEST(in_use)
{
	struct net_tap other;

	if (!open_tap())
		return;
	ck_assert_int_eq(net_tap_open(&other, tap.name), -EBUSY);
	ck_assert(virtio_log_has("another process has it open"));
	net_tap_close(&tap);
}
END_TEST

START_TEST(long_name)
{
	ck_assert_int_eq(net_tap_open(&tap, "sixteencharacter"), -ENAMETOOLONG);
	ck_assert(virtio_log_has("at most 15 characters"));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("backend_tap");
	TCase *t = tcase_create("tap");
	SRunner *r;
	int failed;

	tcase_add_test(t, frames_both_ways);
	tcase_add_test(t, down_is_an_error_and_empty_is_not);
	tcase_add_test(t, in_use);
	tcase_add_test(t, long_name);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
