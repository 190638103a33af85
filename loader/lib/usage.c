// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Usage errors are in lib because the rooms that parse words of the command line (filters, packet
 * specs, modes) report them too, and must not know the command line itself.
 */
#include <stdarg.h>
#include <stdio.h>

#include "lib/usage.h"

int usage_error(const char *format, ...)
{
	va_list args;

	fputs("txpath: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return EXIT_USAGE;
}
