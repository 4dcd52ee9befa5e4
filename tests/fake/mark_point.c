/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * In place of libcheck's own (-Wl,--wrap): each assertion that holds writes its place to a file, for the words "after this point"
 * of a test that crashes. The sanitizers say where, and tests that compare megabytes spent most of their time there.
 */
void __wrap__mark_point(const char *file, int line);

void __wrap__mark_point(const char *file, int line)
{
	(void)file;
	(void)line;
}
