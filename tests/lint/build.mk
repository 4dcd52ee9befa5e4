# SPDX-License-Identifier: BSD-3-Clause
.PHONY: misra
lint:
	@tests/lint/run

misra:
	@tests/lint/misra
