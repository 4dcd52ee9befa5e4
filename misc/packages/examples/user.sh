#!/bin/sh
# SPDX-License-Identifier: BSD-3-Clause
# A first user VM: this system's own kernel and ramdisk, which stop at a shell.
#   acrnctl add /usr/share/doc/quercus-tools/examples/user.sh
#   acrnctl start user
#   acrnctl console user
# For a system with a disk: -s 3,virtio-blk,FILE and root=/dev/vda1 instead of break=top.
exec acrn-dm -m 512M -k /vmlinuz -r /initrd.img -B "console=ttyS0 break=top" \
	-s 0:0,hostbridge -s 1:0,lpc -l com1,socket:/run/acrn/user.com1 -s 6,virtio-rnd user
