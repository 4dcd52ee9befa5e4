/* SPDX-License-Identifier: BSD-3-Clause */
/* Messages to the person who runs acrn-dm. They go to stderr, one line each, "acrn-dm: error: ...". */
#pragma once

enum log_level { LOG_ERROR = 1, LOG_WARNING = 2, LOG_INFO = 3, LOG_DEBUG = 4 };

/* Highest level that is printed; default LOG_INFO. Any thread may read it, main() sets it once. */
extern int log_max_level;

/* Print one line (no newline in @fmt). Any thread. Keep it off paths a guest can drive at will. */
void log_line(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...)	log_line(LOG_ERROR, __VA_ARGS__)
#define log_warn(...)	log_line(LOG_WARNING, __VA_ARGS__)
#define log_info(...)	log_line(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	do { if (log_max_level >= LOG_DEBUG) log_line(LOG_DEBUG, __VA_ARGS__); } while (0)
