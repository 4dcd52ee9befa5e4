/* SPDX-License-Identifier: BSD-3-Clause */
/* Log messages: kept in a memory ring and, up to the console level, printed. Any context but NMI. */
#pragma once

#include "lib/types.h"

enum log_level { LOG_ERR = 1, LOG_WARN, LOG_INFO, LOG_DEBUG };

void log_printf(enum log_level level, const char *fmt, ...) __printf(2, 3);
void log_set_level(enum log_level level);
/* The level printed now. */
enum log_level log_get_level(void);
/* What goes to log_sink; LOG_INFO at first. 0: nothing. */
void log_set_sink_level(unsigned int level);
unsigned int log_get_sink_level(void);
/* Hook: gets each message up to that level, without time, `n` bytes with its newline. Any context but NMI. */
extern void (*log_sink)(enum log_level level, const char *text, size_t n);
/* TSC frequency: from then on each line carries the time since the machine's reset. Boot CPU. */
void log_set_clock(uint64_t khz);

/*
 * Copies kept text from position *pos (0: the oldest kept) and moves it on;
 * returns the number of bytes, 0 at the end. Text overwritten meanwhile is skipped.
 */
size_t log_read(uint64_t *pos, char *buf, size_t size);

#define log_err(...)	log_printf(LOG_ERR, __VA_ARGS__)
#define log_warn(...)	log_printf(LOG_WARN, __VA_ARGS__)
#define log_info(...)	log_printf(LOG_INFO, __VA_ARGS__)
#define log_debug(...)	log_printf(LOG_DEBUG, __VA_ARGS__)

/* Returns `e` after noting in the log where the error began (level debug). */
int log_error_origin(int e, const char *file, int line);
#define ERR(e) log_error_origin((e), __FILE__, __LINE__)
