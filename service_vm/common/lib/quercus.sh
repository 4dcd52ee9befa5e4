# SPDX-License-Identifier: BSD-3-Clause
# shellcheck shell=sh
# What the /init scripts of all virtual machines share (busybox sh).

# Prints a mark that the test runner looks for: "$MARK: text".
mark() {
	echo "$MARK: $*"
}

# Value of the word quercus.$1=... on the kernel's command line, else $2.
word() {
	value=$2
	# The command line is a list of words on purpose.
	# shellcheck disable=SC2013
	for item in $(cat /proc/cmdline); do
		case $item in
		quercus."$1"=*) value=${item#*=} ;;
		esac
	done
	echo "$value"
}

# setup_base MARK HOSTNAME: file systems every VM needs; device nodes come from devtmpfs.
setup_base() {
	MARK=$1
	export PATH=/bin:/sbin:/usr/bin:/usr/sbin HOME=/root
	mount -t proc proc /proc
	mount -t sysfs sysfs /sys
	mount -t devtmpfs dev /dev
	mkdir -p /dev/pts /dev/shm
	mount -t devpts devpts /dev/pts
	mount -t tmpfs tmpfs /run
	echo 1 >/proc/sys/kernel/printk
	hostname "$2"
}

# Loads the modules put into this initramfs, in the order make_initramfs worked out.
load_modules() {
	[ -f /lib/modules/order ] || return 0
	while read -r module; do
		insmod "/lib/modules/$module" || mark "FAIL insmod $module"
	done </lib/modules/order
}

# Waits until the command succeeds, $1 seconds at most.
wait_for() {
	limit=$1
	shift
	while ! "$@" 2>/dev/null; do
		[ "$limit" -gt 0 ] || return 1
		limit=$((limit - 1))
		sleep 1
	done
}

# A shell on the console, again and again.
shell_forever() {
	while :; do
		setsid cttyhack sh -l
		sleep 1
	done
}

# Ends the machine. The pause lets the last characters leave the UART.
power_off() {
	sync
	sleep 1
	poweroff -f
}
