# SPDX-License-Identifier: BSD-3-Clause
complete -o default -W "-i --period -t --time -a --cpus -r --old -c --clear -o --output --raw --summary --json -h --help" acrntrace
