# SPDX-License-Identifier: BSD-3-Clause
bench: all images
	@tests/bench/run
