/* SPDX-License-Identifier: BSD-3-Clause */
/* virtacrnd's messages: their length and head; and who may be at the other end of a socket. */
/* unit: tools/virtacrnd/frame.c tools/common/peer.c */
/* unit-flags: -D_GNU_SOURCE */
#include <check.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tools/common/peer.h"
#include "tools/virtacrnd/frame.h"

START_TEST(sizes)
{
	static const struct {
		uint8_t bytes[4];
		int err;
	} cases[] = {
		{ { 0, 0, 0, 0 }, -EMSGSIZE }, { { 0, 0, 0, 27 }, -EMSGSIZE }, { { 0, 0, 0, 28 }, 0 },
		{ { 0, 0x40, 0, 0 }, 0 }, { { 0, 0x40, 0, 1 }, -EMSGSIZE }, { { 0xFF, 0xFF, 0xFF, 0xFF }, -EMSGSIZE },
	};
	size_t size;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_int_eq(frame_size(cases[i].bytes, 4, &size), cases[i].err);
		ck_assert_uint_eq(size, (size_t)cases[i].bytes[0] << 24 | cases[i].bytes[1] << 16 | cases[i].bytes[2] << 8 | cases[i].bytes[3]);
		/* Three bytes say nothing yet. */
		ck_assert_int_eq(frame_size(cases[i].bytes, 3, &size), 0);
		ck_assert_uint_eq(size, 0);
	}
}
END_TEST

START_TEST(heads)
{
	static const uint8_t bytes[FRAME_HEAD] = {
		0, 0, 1, 0, 0x20, 0, 0x80, 0x86, 0, 0, 0, 1, 0, 0, 1, 0x11, 0xFF, 0xFF, 0xFF, 0xFF, 0x80, 0, 0, 7, 0, 0, 0, 2,
	};
	struct frame_head head;
	uint8_t again[FRAME_HEAD];

	frame_get(bytes, &head);
	ck_assert_uint_eq(head.program, FRAME_REMOTE);
	ck_assert_uint_eq(head.version, 1);
	ck_assert_int_eq(head.procedure, 273);
	ck_assert_int_eq(head.type, -1);
	ck_assert_uint_eq(head.serial, 0x80000007);
	ck_assert_int_eq(head.status, FRAME_CONTINUE);
	frame_put(again, &head, 256);
	ck_assert_mem_eq(again, bytes, FRAME_HEAD);
}
END_TEST

START_TEST(peers)
{
	struct peer peer, other = { 1, geteuid() + 1, 12345 };
	int fd[2], none[2];

	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	ck_assert(peer_get(fd[0], &peer));
	ck_assert_int_eq(peer.pid, getpid());
	ck_assert_uint_eq(peer.uid, geteuid());
	ck_assert(peer_is_allowed(&peer, fd[0], PEER_NO_GROUP));
	ck_assert(!peer_is_allowed(&other, fd[0], PEER_NO_GROUP));
	ck_assert(peer_is_allowed(&other, fd[0], 12345));
	ck_assert(!peer_is_allowed(&other, fd[0], 54321));
	/* The kernel knows no other end of a pipe. */
	ck_assert_int_eq(pipe(none), 0);
	ck_assert(!peer_get(none[0], &peer));
	ck_assert_uint_eq(peer.gid, PEER_NO_GROUP);
}
END_TEST

/* In its supplementary groups, too. */
START_TEST(groups)
{
	gid_t groups[40];
	struct peer other = { 1, 4711, 4711 };
	int fd[2];

	if (geteuid() != 0)
		return;
	for (int i = 0; i < 40; i++)
		groups[i] = 1000 + i;
	ck_assert_int_eq(setgroups(40, groups), 0);
	ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM, 0, fd), 0);
	ck_assert(peer_is_allowed(&other, fd[0], 1039));
	ck_assert(!peer_is_allowed(&other, fd[0], 1040));
}
END_TEST

START_TEST(names_of_groups)
{
	gid_t gid;

	ck_assert(peer_group("root", &gid));
	ck_assert_uint_eq(gid, 0);
	ck_assert(!peer_group("no such group", &gid));
	ck_assert_uint_eq(gid, PEER_NO_GROUP);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("virt_frame");
	TCase *tests = tcase_create("all");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_test(tests, sizes);
	tcase_add_test(tests, heads);
	tcase_add_test(tests, peers);
	tcase_add_test(tests, groups);
	tcase_add_test(tests, names_of_groups);
	suite_add_tcase(suite, tests);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
