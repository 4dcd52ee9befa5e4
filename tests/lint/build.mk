# SPDX-License-Identifier: BSD-3-Clause
lint:
	@tests/lint/run
