/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Messages for the operator. All go to stderr, because stdout is for documents (output.h). */
#ifndef TXPATH_LIB_LOG_H
#define TXPATH_LIB_LOG_H

#define LOG_PRINTF(text, first) __attribute__((format(printf, text, first)))

/* verbosity: -1 errors, 0 also notes, 1 also details and libbpf's log, 2 also its debug log. */
void log_init(int verbosity);

/* Prints the message at that verbosity or a higher one. Errors are always printed. */
void log_message(int verbosity, const char *format, ...) LOG_PRINTF(2, 3);
#define log_error(...) log_message(-1, __VA_ARGS__)
#define log_note(...) log_message(0, __VA_ARGS__)
#define log_detail(...) log_message(1, __VA_ARGS__)

/* Logs an error and the meaning of err (negative errno). Returns err. */
int log_errno(int err, const char *format, ...) LOG_PRINTF(2, 3);

/* "EPERM" for -EPERM or EPERM, "" for 0. Static or thread-local storage. */
const char *errno_name(int err);

/* "Operation not permitted" for -EPERM or EPERM; also for the errno values of the kernel alone. */
const char *errno_words(int err);

#endif /* TXPATH_LIB_LOG_H */
