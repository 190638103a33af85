// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Messages, and the names and meanings of errno values. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/libbpf.h>

#include "lib/log.h"

/* include/linux/errno.h of the kernel. It is not meant for user space, but bpf() returns it. */
#define KERNEL_ENOTSUPP 524

static int log_verbosity;

static int libbpf_print(enum libbpf_print_level level, const char *format, va_list args)
{
	if (log_verbosity < 1 || (level == LIBBPF_DEBUG && log_verbosity < 2))
		return 0;
	return vfprintf(stderr, format, args);
}

void log_init(int verbosity)
{
	log_verbosity = verbosity;
	libbpf_set_print(libbpf_print);
}

static void log_print(const char *format, va_list args, int err)
{
	fputs("txpath: ", stderr);
	vfprintf(stderr, format, args);
	if (err)
		fprintf(stderr, ": %s (%s)", errno_words(err), errno_name(err));
	fputc('\n', stderr);
}

void log_message(int verbosity, const char *format, ...)
{
	va_list args;

	if (log_verbosity < verbosity)
		return;
	va_start(args, format);
	log_print(format, args, 0);
	va_end(args);
}

int log_errno(int err, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	log_print(format, args, err);
	va_end(args);
	return err;
}

const char *errno_name(int err)
{
	static __thread char number[16];
	const char *name;

	if (!err)
		return "";
	if (abs(err) == KERNEL_ENOTSUPP)
		return "ENOTSUPP";
	name = strerrorname_np(abs(err));
	if (name)
		return name;
	snprintf(number, sizeof(number), "%d", abs(err));
	return number;
}

const char *errno_words(int err)
{
	if (abs(err) == KERNEL_ENOTSUPP)
		return "Operation not supported by this kernel";
	return strerror(abs(err));
}
