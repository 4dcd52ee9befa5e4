# SPDX-License-Identifier: BSD-3-Clause
complete -o default -W "-o --out -r --root -h --help" board_inspector
