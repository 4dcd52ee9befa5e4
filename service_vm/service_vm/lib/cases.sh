# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# What the cases of the Service VM share.
# shellcheck disable=SC2034 # MARK is read by mark()
MARK=QUERCUS-SVM
. /lib/quercus.sh

# One user VM from start to its own power-off; fails unless acrn-dm ends with 0 and the
# disk holds, seen from our side, what the user VM says it wrote.
user_vm_proves_itself() {
	vm=$1
	rm -f "/run/vm/$vm.img" "/run/vm/$vm.hvc0"
	launch_user_vm -B quercus.case=hybrid "$vm" <&3
	status=$?
	[ $status = 0 ] || { mark "FAIL acrn-dm ended with $status"; return 1; }
	mark "acrn-dm ended with 0"
	said=$(dd "if=/run/vm/$vm.img" bs=512 skip=1 count=1 2>/dev/null | head -n 1)
	is=$(dd "if=/run/vm/$vm.img" bs=64k skip=16 count=16 2>/dev/null | sha256sum)
	[ "$said" = "$is" ] || { mark "FAIL disk: user VM said $said, disk has $is"; return 1; }
	mark "disk content verified"
	grep -q "hello by virtio-console" "/run/vm/$vm.hvc0" || { mark "FAIL virtio-console"; return 1; }
	mark "virtio-console verified"
}

# Pages pinned for VMs and not yet given back. The CPUs count in batches: collect them first.
pinned() {
	cat /proc/sys/vm/stat_refresh
	awk '/^nr_foll_pin_acquired/ { a = $2 } /^nr_foll_pin_released/ { r = $2 } END { print a - r }' /proc/vmstat
}

# look N: the runner, which waits for this mark, asks the hypervisor for its page pool.
look() {
	mark "look $1"
	sleep 2
}

# A standard input that never ends, for acrn-dm's serial port: descriptor 3.
mkfifo /run/no-input
exec 3<>/run/no-input
