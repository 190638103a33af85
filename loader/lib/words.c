// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Tables of names, and lists of words. A list is one string, its words separated by a space: so
 * that an X-list can hold it.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stddef.h>
#include <string.h>

#include "lib/array.h"
#include "lib/words.h"

static const char *const modes[] = {
	[TXP_MODE_OFF] = "off",
	[TXP_MODE_SHADOW] = "shadow",
	[TXP_MODE_OFFLOAD] = "offload",
};

static const char *const netfilters[] = {
	[TXP_NETFILTER_DECLINE] = "decline",
	[TXP_NETFILTER_LEASE] = "lease",
	[TXP_NETFILTER_BYPASS] = "bypass",
};

static const char *const transits[] = {
#define TRANSIT_NAME(id, name, meaning) #name,
	TXP_TRANSITS(TRANSIT_NAME)
#undef TRANSIT_NAME
};

static const char *const transit_meanings[] = {
#define TRANSIT_MEANING(id, name, meaning) meaning,
	TXP_TRANSITS(TRANSIT_MEANING)
#undef TRANSIT_MEANING
};

static const char *word(const char *const *words, size_t count, __u32 number)
{
	return number < count ? words[number] : "unknown";
}

const char *mode_name(__u32 mode)
{
	return word(modes, ARRAY_SIZE(modes), mode);
}

const char *netfilter_name(__u32 netfilter)
{
	return word(netfilters, ARRAY_SIZE(netfilters), netfilter);
}

const char *transit_name(__u32 transit)
{
	return word(transits, ARRAY_SIZE(transits), transit);
}

const char *transit_meaning(__u32 transit)
{
	return word(transit_meanings, ARRAY_SIZE(transit_meanings), transit);
}

const char *field_name(__u32 field)
{
	static const char *const names[] = {
#define FIELD_NAME(id, name, class, rule) #name,
		TXP_FIELDS(FIELD_NAME)
#undef FIELD_NAME
	};

	return field < ARRAY_SIZE(names) ? names[field] : "unknown";
}

void field_value_text(enum txp_field field, __u64 value, char *text)
{
	const __u8 *bytes = (const __u8 *)&value;
	struct in_addr address = { .s_addr = (__u32)value };

	switch (field) {
	case TXP_FIELD_DMAC:
	case TXP_FIELD_SMAC:
		snprintf(text, FIELD_VALUE_MAX, "%02x:%02x:%02x:%02x:%02x:%02x", bytes[0], bytes[1],
			 bytes[2], bytes[3], bytes[4], bytes[5]);
		break;
	case TXP_FIELD_NEXT_HOP:
		inet_ntop(AF_INET, &address, text, FIELD_VALUE_MAX);
		break;
	case TXP_FIELD_CHECKSUM:
	case TXP_FIELD_TOS:
	case TXP_FIELD_MARK:
		snprintf(text, FIELD_VALUE_MAX, "0x%llx", value);
		break;
	default:
		snprintf(text, FIELD_VALUE_MAX, "%llu", value);
	}
}

int words_find(const char *words, const char *text)
{
	size_t length = strlen(text);
	int i;

	for (i = 0; *words && !strchr(text, ' '); i++) {
		if (length && !strncmp(words, text, length) &&
		    (words[length] == ' ' || words[length] == '\0'))
			return i;
		words += strcspn(words, " ");
		words += *words == ' ';
	}
	return -1;
}

const char *words_at(const char *words, size_t place, char *text, size_t size)
{
	for (; *words && place; place--) {
		words += strcspn(words, " ");
		words += *words == ' ';
	}
	snprintf(text, size, "%.*s", (int)strcspn(words, " "), words);
	return text;
}

const char *words_or(const char *words, char *text, size_t size)
{
	const char *last = strrchr(words, ' ');
	size_t i, length = 0;

	for (i = 0; words[i] && length < size; i++) {
		if (words[i] != ' ')
			length += snprintf(text + length, size - length, "%c", words[i]);
		else
			length += snprintf(text + length, size - length, "%s",
					   words + i == last ? " or " : ", ");
	}
	return text;
}
