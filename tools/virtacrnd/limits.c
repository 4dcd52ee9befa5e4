/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/limits.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "public/scenario.h"

#define SETTINGS	"/etc/default/quercus"
#define FOLDER		"/boot/quercus"
#define USUAL		"shared"
#define SIZE_MAX_READ	(1u << 20)

static char scenario_path[LIMITS_PATH_MAX];

void limits_set_scenario(const char *path)
{
	snprintf(scenario_path, sizeof(scenario_path), "%s", path);
}

/* SCENARIO=word of the settings, which are a shell's. */
static void find_scenario(char *path, size_t size)
{
	char line[256], word[64] = USUAL;
	FILE *file = *scenario_path ? NULL : fopen(SETTINGS, "re");

	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " SCENARIO=\"%63[A-Za-z0-9._-]\"", word) != 1)
			sscanf(line, " SCENARIO=%63[A-Za-z0-9._-]", word);
	if (file)
		fclose(file);
	if (*scenario_path)
		snprintf(path, size, "%s", scenario_path);
	else
		snprintf(path, size, FOLDER "/%s.bin", word);
}

/* A module with the records it says it has; the hypervisor has checked what is in them. */
static bool is_scenario(const struct scenario *s, size_t size)
{
	return size >= sizeof(*s) && s->magic == SCENARIO_MAGIC && s->version == SCENARIO_VERSION && s->header_size == sizeof(*s) &&
	       s->vm_size == sizeof(s->vms[0]) && s->nr_vms <= SCENARIO_MAX_VMS && size >= sizeof(*s) + s->nr_vms * sizeof(s->vms[0]);
}

/* free() it. NULL: there is none. */
static struct scenario *read_scenario(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct scenario *s = NULL;
	struct stat st;
	ssize_t n = -1;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 && st.st_size <= SIZE_MAX_READ)
		s = malloc(st.st_size);
	if (s)
		n = read(fd, s, st.st_size);
	close(fd);
	if (n >= 0 && is_scenario(s, n))
		return s;
	free(s);
	return NULL;
}

static void take(const struct scenario *s, const char *name, struct limits *out)
{
	uint64_t taken = 0;

	for (unsigned int i = 0; i < s->nr_vms; i++) {
		const struct scenario_vm *vm = &s->vms[i];
		bool same = !strncmp(vm->name, name, sizeof(vm->name));

		out->foreign = out->foreign || (same && vm->load_order != SCENARIO_POST_LAUNCHED);
		if (same && vm->load_order == SCENARIO_POST_LAUNCHED) {
			out->cpus = vm->cpu_affinity;
			out->kib = vm->memory_size / 1024;
			return;
		}
		if (vm->load_order == SCENARIO_PRE_LAUNCHED)
			taken |= vm->cpu_affinity;
	}
	/* One that the scenario does not name may use every CPU that no pre-launched VM has. */
	out->cpus = ~taken;
}

void limits_get(const char *name, struct limits *out)
{
	struct scenario *s;

	*out = (struct limits){ .cpus = ~0ull };
	find_scenario(out->path, sizeof(out->path));
	s = read_scenario(out->path);
	if (!s)
		return;
	out->known = true;
	take(s, name, out);
	free(s);
}

uint64_t limits_all_cpus(void)
{
	char path[LIMITS_PATH_MAX];
	struct scenario *s;
	uint64_t all = 0;

	find_scenario(path, sizeof(path));
	s = read_scenario(path);
	for (unsigned int i = 0; s && i < s->nr_vms; i++)
		all |= s->vms[i].cpu_affinity;
	free(s);
	return all;
}
