# SPDX-License-Identifier: BSD-3-Clause
complete -W "-d --delay -t --stdout -n --no-start -h --help" acrnd
