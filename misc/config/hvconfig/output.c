/* SPDX-License-Identifier: BSD-3-Clause */
/* Files that are whole or not there. */
#include "output.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "emit.h"

bool output_file(const char *file, const void *data, size_t size, mode_t mode)
{
	mode_t mask = umask(0);
	char *temp = NULL;
	bool done = false;
	FILE *out;

	umask(mask);
	if (asprintf(&temp, "%s.new", file) < 0)
		return false;
	out = fopen(temp, "wb");
	if (out) {
		bool written = fwrite(data, 1, size, out) == size && !fflush(out) && !fchmod(fileno(out), mode & ~mask) &&
			       !fsync(fileno(out));

		done = !fclose(out) && written && !rename(temp, file);
		if (!done) {
			int error = errno;

			unlink(temp);
			errno = error;
		}
	}
	free(temp);
	return done;
}

struct emitted {
	const struct setup *setup;
	const struct board *board;
	unsigned int vm_id;
};

static void emit_one_grub(const struct emitted *e, FILE *out)
{
	emit_grub(e->setup, out);
}

static void emit_one_launch(const struct emitted *e, FILE *out)
{
	emit_launch(e->setup, e->vm_id, e->board, out);
}

static void emit_one_domain(const struct emitted *e, FILE *out)
{
	emit_domain(e->setup, e->vm_id, out);
}

/* Writes folder/prefix+name+suffix with what `emit` prints. */
static bool write_emitted(const char *path, mode_t mode, void (*emit)(const struct emitted *e, FILE *out), const struct emitted *e)
{
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	bool done;

	if (!out)
		return false;
	emit(e, out);
	done = !fclose(out) && output_file(path, text, size, mode);
	free(text);
	return done;
}

bool output_folder(const char *folder, const struct setup *setup, const struct board *board)
{
	struct emitted e = { .setup = setup, .board = board };
	char path[512];
	bool done;

	if (strlen(folder) > sizeof(path) - 64) {
		errno = ENAMETOOLONG;
		return false;
	}
	if (mkdir(folder, 0777) && errno != EEXIST)
		return false;
	snprintf(path, sizeof(path), "%s/%s.bin", folder, setup->s->name);
	done = output_file(path, setup->s, setup->s->total_size, 0666);
	snprintf(path, sizeof(path), "%s/grub.cfg", folder);
	done = done && write_emitted(path, 0666, emit_one_grub, &e);
	for (; done && e.vm_id < setup->s->nr_vms; e.vm_id++) {
		const char *name = setup->s->vms[e.vm_id].name;

		if (!setup->vm[e.vm_id].launch.present)
			continue;
		snprintf(path, sizeof(path), "%s/launch_%s.sh", folder, name);
		done = write_emitted(path, 0777, emit_one_launch, &e);
		snprintf(path, sizeof(path), "%s/%s.xml", folder, name);
		done = done && write_emitted(path, 0666, emit_one_domain, &e);
	}
	return done;
}
