# SPDX-License-Identifier: BSD-3-Clause
complete -o default -W "-s --socket -g --group -d --acrn-dm -S --scenario -L --libvirt -t --stdout -h --help" virtacrnd
