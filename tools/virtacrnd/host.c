/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/host.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "tools/common/args.h"
#include "tools/virtacrnd/domxml.h"
#include "tools/virtacrnd/limits.h"

#define CPUS	"/sys/devices/system/cpu/"
#define HOST_ID	SD_ID128_MAKE(0e, 58, c4, 7b, 21, 9d, 4f, 06, 8a, 3c, 75, f1, 60, 2b, d9, 18)

static const char *dm = "acrn-dm";

static bool read_line(const char *path, char *line, size_t size)
{
	FILE *file = fopen(path, "re");
	bool ok = file && fgets(line, size, file);

	if (file)
		fclose(file);
	if (ok)
		line[strcspn(line, "\n")] = 0;
	return ok;
}

/* A number of CPU @cpu's topology, -1: the kernel does not say. */
static int topology(unsigned int cpu, const char *what)
{
	char path[128], line[32];

	snprintf(path, sizeof(path), CPUS "cpu%u/topology/%s", cpu, what);
	return read_line(path, line, sizeof(line)) ? atoi(line) : -1;
}

unsigned int host_cpu_map(uint8_t *map)
{
	bool cpus[ARGS_MAX_CPUS] = { false };
	char line[256];
	unsigned int highest = 0;
	uint64_t all = limits_all_cpus();

	memset(map, 0, HOST_CPUS_MAX / 8);
	if (!read_line(CPUS "online", line, sizeof(line)) || !args_cpus(line, cpus))
		cpus[0] = true;
	for (unsigned int i = 0; i < ARGS_MAX_CPUS; i++) {
		if (!cpus[i])
			continue;
		map[i / 8] |= 1u << i % 8;
		highest = i;
	}
	/* VMs may have CPUs that the Service VM has not. */
	for (unsigned int i = highest + 1; i < 64; i++)
		highest = all >> i & 1 ? i : highest;
	return highest + 1;
}

/* Packages and cores by their ids. Where they do not fill a regular pattern, every CPU counts as a core of one package. */
static void count(struct host *host, const uint8_t *map, unsigned int nr)
{
	bool package_seen[ARGS_MAX_CPUS] = { false };
	unsigned int cores[ARGS_MAX_CPUS] = { 0 }, per_package = 0, packages = 0;

	for (unsigned int i = 0; i < nr; i++) {
		int package = topology(i, "physical_package_id");

		if (!(map[i / 8] & 1u << i % 8))
			continue;
		host->cpus++;
		if (package < 0 || package >= (int)ARGS_MAX_CPUS)
			package = 0;
		packages += !package_seen[package];
		package_seen[package] = true;
		/* The first thread of a core stands for it. */
		for (unsigned int j = 0; j <= i; j++) {
			if (j == i)
				cores[package]++;
			else if (topology(j, "physical_package_id") == package && topology(j, "core_id") == topology(i, "core_id"))
				break;
		}
		per_package = cores[package] > per_package ? cores[package] : per_package;
	}
	host->sockets = packages;
	host->cores = per_package;
	host->threads = packages && per_package ? host->cpus / (packages * per_package) : 0;
	if (host->sockets * host->cores * host->threads != host->cpus) {
		host->sockets = 1;
		host->cores = host->cpus;
		host->threads = 1;
	}
}

static unsigned int clock_rate(void)
{
	FILE *file = fopen("/proc/cpuinfo", "re");
	char line[1024];
	double mhz = 0;

	while (file && !mhz && fgets(line, sizeof(line), file))
		sscanf(line, "cpu MHz : %lf", &mhz);
	if (file)
		fclose(file);
	return mhz;
}

void host_get(struct host *host)
{
	uint8_t map[HOST_CPUS_MAX / 8];
	struct sysinfo info;
	sd_id128_t id;

	*host = (struct host){ .mhz = clock_rate() };
	count(host, map, host_cpu_map(map));
	if (sysinfo(&info) == 0) {
		host->memory_kib = (uint64_t)info.totalram * info.mem_unit / 1024;
		host->free_bytes = (uint64_t)info.freeram * info.mem_unit;
	}
	if (sd_id128_get_machine_app_specific(HOST_ID, &id) < 0)
		id = HOST_ID;
	memcpy(host->uuid, id.bytes, sizeof(host->uuid));
}

static struct domxml_host new_xml = { .limits = limits_get }, old_xml;

void host_set_dm(const char *path)
{
	dm = new_xml.dm = old_xml.dm = path;
}

const struct domxml_host *host_new_xml(void)
{
	return &new_xml;
}

const struct domxml_host *host_old_xml(void)
{
	return &old_xml;
}

const char *host_dm(void)
{
	return dm;
}

/* What "acrn-dm -v" prints; the path is given to no shell. */
static void ask_version(char *line, size_t size)
{
	char *argv[] = { (char *)dm, (char *)"-v", NULL };
	int out[2];
	ssize_t n = -1;
	pid_t pid;

	*line = 0;
	if (pipe2(out, O_CLOEXEC))
		return;
	pid = fork();
	if (pid == 0) {
		dup2(out[1], 1);
		execvp(dm, argv);
		_exit(127);
	}
	close(out[1]);
	if (pid > 0) {
		n = read(out[0], line, size - 1);
		waitpid(pid, NULL, 0);
	}
	line[n > 0 ? n : 0] = 0;
	close(out[0]);
}

uint64_t host_dm_version(void)
{
	unsigned int major, minor;
	char line[256];
	const char *last;

	ask_version(line, sizeof(line));
	last = strrchr(line, ' ');
	return last && sscanf(last, " %u.%u", &major, &minor) == 2 ? major * 1000000ull + minor * 1000ull : 0;
}
