# SPDX-License-Identifier: BSD-3-Clause
complete -o default -W "-c --config -t --stdout -r --request -h --help shutdown reboot" life_mngr
