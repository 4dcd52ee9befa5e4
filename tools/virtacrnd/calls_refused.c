/* SPDX-License-Identifier: BSD-3-Clause */
#include "tools/virtacrnd/calls_refused.h"

#include <stddef.h>

#define NO_AGENT	"there is no agent in the guest that could be asked"
#define NO_BALLOON	"a VM has its memory from its start to its end: change <memory> and start it again"
#define NO_HOTPLUG	"devices and CPUs are those of the start: change the definition (virsh edit) and start it again"
#define NO_SAVE		"the state of a VM cannot be saved: virsh shutdown ends it, virsh suspend stops it for a while"
#define NO_MIGRATION	"a VM cannot leave its machine"
#define NO_SNAPSHOT	"acrn-dm makes no snapshots: copy the disk while the VM is off"
#define NO_SCHED	"how CPUs are shared is said in the scenario (policy, priority, weight)"
#define POOL_STAYS	"a pool here is a folder, which is always there: virsh pool-undefine forgets it and leaves the files"
#define NO_BLOCK_JOB	"acrn-dm moves no disks while they are in use"

static const struct {
	short first, last;
	const char *why;
} refused[] = {
	{ 8, 8, NO_HOTPLUG }, { 13, 13, NO_HOTPLUG }, { 30, 31, NO_BALLOON }, { 32, 32, NO_HOTPLUG },
	{ 53, 55, NO_SAVE }, { 56, 58, NO_SCHED }, { 61, 63, NO_MIGRATION }, { 80, 81, POOL_STAYS }, { 108, 109, NO_MIGRATION }, { 148, 148, NO_MIGRATION },
	{ 160, 161, NO_HOTPLUG }, { 163, 166, NO_MIGRATION }, { 174, 174, NO_HOTPLUG }, { 182, 182, NO_SAVE }, { 184, 184, NO_SAVE },
	{ 185, 193, NO_SNAPSHOT }, { 197, 198, NO_BALLOON }, { 199, 199, NO_HOTPLUG }, { 204, 204, NO_BALLOON }, { 207, 207, NO_MIGRATION },
	{ 210, 210, "acrn-dm has no command that sends an NMI" }, { 211, 211, "a VM has no screen: virsh console is its terminal" },
	{ 213, 218, NO_MIGRATION }, { 219, 219, NO_SCHED }, { 223, 223, NO_SCHED }, { 226, 226, "a VM has no keyboard: virsh console is its terminal" },
	{ 232, 236, NO_SAVE }, { 237, 240, NO_BLOCK_JOB }, { 242, 242, NO_MIGRATION }, { 244, 244, NO_SNAPSHOT }, { 246, 247, NO_SNAPSHOT },
	{ 251, 251, "change the file's size, then \"acrnctl blkrescan\" tells the guest" }, { 253, 253, NO_BLOCK_JOB }, { 266, 266, NO_BLOCK_JOB },
	{ 271, 272, NO_SNAPSHOT }, { 274, 275, NO_SNAPSHOT }, { 277, 277, NO_AGENT }, { 290, 290, NO_BLOCK_JOB },
	{ 294, 294, NO_AGENT }, { 295, 295, NO_AGENT }, { 302, 307, NO_MIGRATION }, { 308, 308, NO_BALLOON }, { 335, 338, NO_AGENT },
	{ 345, 345, NO_BLOCK_JOB }, { 349, 349, NO_AGENT }, { 353, 353, NO_AGENT }, { 357, 357, NO_AGENT }, { 371, 372, NO_AGENT },
	{ 384, 384, NO_HOTPLUG }, { 411, 417, NO_SNAPSHOT }, { 418, 418, NO_AGENT }, { 424, 425, NO_AGENT },
};

const char *calls_refused_why(int32_t procedure)
{
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (procedure >= refused[i].first && procedure <= refused[i].last)
			return refused[i].why;
	return NULL;
}
