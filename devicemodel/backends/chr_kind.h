/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Between chr.c, which moves bytes between file descriptors and a device, and the kinds of backend (chr_stdio.c ...),
 * which find the descriptors. Device lock held, or no threads yet, for everything here.
 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#include "backends/chr.h"
#include "core/listener.h"

#define CHR_HOLD_SIZE 256

struct event;

/* One kind of backend. */
struct chr_kind {
	const char *name;	/* what the spec begins with */
	const char *usage;
	/* Opens what @arg, the text behind "name:" or NULL, describes. -errno after a message; nothing left behind. */
	int (*open)(struct chr *chr, const char *arg);
	/* The descriptors are detached; undo the rest of open. */
	void (*close)(struct chr *chr);
};

struct chr {
	struct vm *vm;
	const struct chr_kind *kind;
	struct chr_reader reader;
	int in_fd, out_fd;	/* -1: none; owned */
	bool keep_on_eof;	/* end of input says that nobody is there now, not that the connection is over (pty) */
	struct event *in_event;	/* there while input is wanted */
	struct event *out_event;	/* there while the writer waits for room */
	uint8_t hold[CHR_HOLD_SIZE];	/* read, and not yet taken by the reader */
	size_t hold_len;
	bool delivering;
	uint64_t dropped;	/* output bytes nobody was there for */
	/* of the kinds */
	struct listener listener;	/* in the file system; path NULL: none */
	int listen_fd;			/* of tcp, or the listener's; -1: none */
	struct event *listen_event;
	char *path;		/* link to a terminal; removed at the end */
	bool saved;		/* tty below is to be restored on in_fd */
	struct termios tty;
};

extern const struct chr_kind chr_stdio_kind, chr_tty_kind, chr_pty_kind, chr_file_kind, chr_tcp_kind, chr_socket_kind;

/* Begins to read @in_fd and write @out_fd (non-blocking, or such that do not block; -1 = none) and owns them. */
void chr_attach(struct chr *chr, int in_fd, int out_fd);

/* Closes the descriptors; held input is forgotten, a writer that waits is told to go on. */
void chr_detach(struct chr *chr);

/* Makes @fd non-blocking and not inherited. 0 or -errno. */
int chr_prepare_fd(int fd);

/* Logs "console @what: ..." with the text of @err and returns -@err. */
int chr_fail(const char *what, int err);
