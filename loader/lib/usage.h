/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* How a command ends, and how it says that its command line is wrong. */
#ifndef TXPATH_LIB_USAGE_H
#define TXPATH_LIB_USAGE_H

enum exit_code {
	EXIT_DONE,
	EXIT_FAILED,
	EXIT_USAGE,
	EXIT_SURPRISE, /* a mismatch was seen */
};

/*
 * Logs what is wrong with the command line, in one line. The error for a bad value has the range of
 * that value only. Returns EXIT_USAGE.
 */
int usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif /* TXPATH_LIB_USAGE_H */
