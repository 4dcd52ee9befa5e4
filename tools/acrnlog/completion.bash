# SPDX-License-Identifier: BSD-3-Clause
complete -o default -W "-s --size -n --number -t --interval -o --output --once --json -h --help" acrnlog
