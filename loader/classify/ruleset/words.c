// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Ranges, names of numbers, tc handles and rates. tc(8) decides how the last two are written. */
#include <errno.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/array.h"
#include "classify/ruleset/words.h"
#include "lib/value.h"

#define RANGE_MAX 64	  /* bytes of a range, with the 0 that ends it */
#define FRACTION_DIGITS 6 /* with a unit of 8 * 2^40 in 64 bits */

struct word_number {
	const char *name;
	__u32 number;
};

static bool find(const struct word_number *words, size_t count, const char *text, __u32 *number)
{
	size_t i;

	for (i = 0; i < count; i++) {
		if (strcmp(words[i].name, text))
			continue;
		*number = words[i].number;
		return true;
	}
	return false;
}

int word_range(const char *text, __u32 max, struct range *range)
{
	const char *dash = strchr(text, '-');
	char low[RANGE_MAX];
	__u64 first, last;
	size_t length = dash ? (size_t)(dash - text) : strlen(text);
	int err;

	if (length >= sizeof(low))
		return -EINVAL;
	memcpy(low, text, length);
	low[length] = '\0';
	err = number_parse(low, max, &first);
	if (err)
		return err;
	last = first;
	if (dash)
		err = number_parse(dash + 1, max, &last);
	if (!err && last < first)
		err = -EDOM;
	if (!err)
		*range = (struct range){ first, last };
	return err;
}

/* RFC 2474 (cs), 2597 (af), 3246 (ef), 5865 (va), 8622 (le). */
bool word_dscp(const char *text, __u32 *dscp)
{
	static const struct word_number words[] = {
		{ "default", 0 }, { "be", 0 },	  { "le", 1 },	  { "cs0", 0 },	  { "cs1", 8 },
		{ "cs2", 16 },	  { "cs3", 24 },  { "cs4", 32 },  { "cs5", 40 },  { "cs6", 48 },
		{ "cs7", 56 },	  { "ef", 46 },	  { "va", 44 },	  { "af11", 10 }, { "af12", 12 },
		{ "af13", 14 },	  { "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "af31", 26 },
		{ "af32", 28 },	  { "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	};

	return find(words, ARRAY_SIZE(words), text, dscp);
}

bool word_protocol(const char *text, __u32 *protocol)
{
	__u8 number;

	if (protocol_parse(text, &number))
		return false;
	*protocol = number;
	return true;
}

bool word_user(const char *text, __u32 *uid)
{
	const struct passwd *user = getpwnam(text);

	if (user)
		*uid = user->pw_uid;
	return user;
}

__u8 word_family(const char *text)
{
	static const struct word_number words[] = {
		{ "ipv4", 1 << TXP_CLASS_IPV4 },
		{ "ipv6", 1 << TXP_CLASS_IPV6 },
	};
	__u32 family = 0;

	find(words, ARRAY_SIZE(words), text, &family);
	return family;
}

__u8 word_direction(const char *text)
{
	static const struct word_number words[] = {
		{ "local", 1 << TXP_DIRECTION_LOCAL },
		{ "forwarded", 1 << TXP_DIRECTION_FORWARDED },
	};
	__u32 direction = 0;

	find(words, ARRAY_SIZE(words), text, &direction);
	return direction;
}

/* One to four hexadecimal digits. Returns what follows them, or NULL. */
static const char *hex16(const char *text, __u32 *number)
{
	size_t digits = strspn(text, "0123456789abcdefABCDEF");

	if (!digits || digits > 4)
		return NULL;
	*number = strtoul(text, NULL, 16);
	return text + digits;
}

/* Handles of major number 0 are no class's: such a priority is one of the kernel's bands. */
bool word_tc(const char *text, __u32 *handle)
{
	__u32 major, minor;
	const char *rest = hex16(text, &major);

	if (!rest || *rest != ':' || !major)
		return false;
	rest = hex16(rest + 1, &minor);
	if (!rest || *rest)
		return false;
	*handle = major << 16 | minor;
	return true;
}

/* get_rate64 of iproute2: bits, or with bps bytes; without a unit bits. */
static bool rate_unit(const char *text, __u64 *bits)
{
	static const struct {
		const char *prefix;
		__u64 factor;
	} prefixes[] = {
		{ "ki", 1ULL << 10 }, { "mi", 1ULL << 20 },   { "gi", 1ULL << 30 },
		{ "ti", 1ULL << 40 }, { "k", 1000 },	      { "m", 1000000 },
		{ "g", 1000000000 },  { "t", 1000000000000 },
	};
	size_t i, length;

	*bits = 1;
	for (i = 0; i < ARRAY_SIZE(prefixes); i++) {
		length = strlen(prefixes[i].prefix);
		if (strncasecmp(text, prefixes[i].prefix, length))
			continue;
		*bits = prefixes[i].factor;
		text += length;
		break;
	}
	if (!strcasecmp(text, "bps"))
		*bits *= 8;
	else
		return !strcasecmp(text, "bit") || (!*text && *bits == 1);
	return true;
}

/* Digits to a number and what they are a fraction of. Returns what follows them, or NULL. */
static const char *fraction(const char *text, __u64 *part, __u64 *whole)
{
	size_t i, digits = strspn(text, "0123456789");

	if (!digits || digits > FRACTION_DIGITS)
		return NULL;
	*part = strtoull(text, NULL, 10);
	*whole = 1;
	for (i = 0; i < digits; i++)
		*whole *= 10;
	return text + digits;
}

int word_rate(const char *text, __u64 *rate)
{
	__u64 number, part = 0, whole = 1, unit, bits;
	const char *rest;
	char *end;

	if (*text < '0' || *text > '9')
		return -EINVAL;
	errno = 0;
	number = strtoull(text, &end, 10);
	if (errno)
		return -ERANGE;
	rest = end;
	if (*rest == '.')
		rest = fraction(rest + 1, &part, &whole);
	if (!rest || !rate_unit(rest, &unit))
		return -EINVAL;
	if (__builtin_mul_overflow(number, unit, &bits) ||
	    __builtin_add_overflow(bits, part * unit / whole, &bits) || bits < 8)
		return -ERANGE;
	*rate = bits / 8;
	return 0;
}

bool word_is_name(const char *text)
{
	size_t length = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "0123456789._-");

	return length && !text[length];
}
