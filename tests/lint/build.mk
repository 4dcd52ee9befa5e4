# SPDX-License-Identifier: BSD-3-Clause
.PHONY: misra lint-all
lint:
	@tests/lint/run

# What `make test` runs: with the MISRA rules, which take minutes in a fresh tree.
lint-all:
	@tests/lint/run --all

misra:
	@tests/lint/misra
