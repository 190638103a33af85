// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Knobs. Each has a number: of a word its place in the list of words. The number goes to the
 * member that TXP_KNOBS names, in the unit of that member. The row keeps it as it was given, for
 * txpath status -v.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attach/knobs.h"
#include "lib/value.h"
#include "lib/words.h"

#define IS_ROW 1
#define IS_REQUEST 0
#define STRUCT_ROW struct txp_instance
#define STRUCT_REQUEST struct attach_request

const struct knob knobs[TXP_KNOB_COUNT] = {
#define KNOB_ROW(id, name, unit, values, initial, where, member, meaning)                          \
	[TXP_KNOB_##id] = { name,                                                                  \
			    TXP_KNOB_UNIT_##unit,                                                  \
			    values,                                                                \
			    initial,                                                               \
			    IS_##where,                                                            \
			    offsetof(STRUCT_##where, member),                                      \
			    sizeof(((STRUCT_##where *)0)->member),                                 \
			    meaning },
	TXP_KNOBS(KNOB_ROW)
#undef KNOB_ROW
};

_Static_assert(TXP_KNOB_COUNT <= TXP_KNOBS_MAX, "the row has no room for all knobs");

const char *knob_unit_text(const struct knob *knob)
{
	static const char *const texts[] = {
#define UNIT_TEXT(id, text, to_member) text,
		TXP_KNOB_UNITS(UNIT_TEXT)
#undef UNIT_TEXT
	};

	return texts[knob->unit];
}

static __u64 to_member(const struct knob *knob, __u64 x)
{
	switch (knob->unit) {
#define TO_MEMBER(id, text, to_member)                                                             \
	case TXP_KNOB_UNIT_##id:                                                                   \
		return to_member;
		TXP_KNOB_UNITS(TO_MEMBER)
#undef TO_MEMBER
	}
	return x;
}

/* Members are of 1, 4 or 8 bytes. */
static void member_set(const struct knob *knob, void *object, __u64 value)
{
	char *member = (char *)object + knob->offset;
	__u32 word = value;
	__u8 byte = value;

	if (knob->size == sizeof(byte))
		memcpy(member, &byte, sizeof(byte));
	else if (knob->size == sizeof(word))
		memcpy(member, &word, sizeof(word));
	else
		memcpy(member, &value, sizeof(value));
}

static __u64 member_get(const struct knob *knob, const void *object)
{
	const char *member = (const char *)object + knob->offset;
	__u64 value;
	__u32 word;
	__u8 byte;

	memcpy(&byte, member, sizeof(byte));
	if (knob->size == sizeof(byte))
		return byte;
	memcpy(&word, member, sizeof(word));
	if (knob->size == sizeof(word))
		return word;
	memcpy(&value, member, sizeof(value));
	return value;
}

static bool is_word(const struct knob *knob)
{
	return knob->unit == TXP_KNOB_UNIT_WORD;
}

static void knob_limits(const struct knob *knob, __u64 *first, __u64 *last)
{
	char *end;

	*first = strtoull(knob->values, &end, 10);
	*last = strtoull(end + strlen(".."), NULL, 10);
}

const char *knob_range_text(const struct knob *knob, char *text)
{
	const char *unit = knob_unit_text(knob);
	__u64 first, last;

	if (is_word(knob))
		return words_or(knob->values, text, KNOB_TEXT_MAX);
	knob_limits(knob, &first, &last);
	snprintf(text, KNOB_TEXT_MAX, "a number from %llu to %llu%s%s%s", first, last,
		 *unit ? " (" : "", unit, *unit ? ")" : "");
	return text;
}

static int parse_value(const struct knob *knob, const char *text, __u64 *value)
{
	__u64 first, last, number;
	int place;

	if (is_word(knob)) {
		place = words_find(knob->values, text);
		if (place < 0)
			return -ERANGE;
		*value = place;
		return 0;
	}
	knob_limits(knob, &first, &last);
	if (text[strspn(text, "0123456789")])
		return -ERANGE;
	if (number_parse(text, last, &number) || number < first)
		return -ERANGE;
	*value = number;
	return 0;
}

/* A member of the request is set at once; one of the row when the row is written. */
static void set(struct attach_request *request, enum txp_knob which, __u64 value)
{
	const struct knob *knob = &knobs[which];

	request->knob[which] = value;
	if (!knob->is_row)
		member_set(knob, request, to_member(knob, value));
}

void knobs_reset(struct attach_request *request)
{
	__u64 value;
	int i;

	request->given = 0;
	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		if (!parse_value(&knobs[i], knobs[i].initial, &value))
			set(request, i, value);
	}
}

int knob_parse(const char *word, struct attach_request *request, enum txp_knob *which)
{
	size_t length = strcspn(word, "=");
	__u64 value;
	int i;

	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		if (strlen(knobs[i].name) != length || strncmp(knobs[i].name, word, length))
			continue;
		*which = i;
		if (!word[length] || parse_value(&knobs[i], word + length + 1, &value))
			return -ERANGE;
		set(request, i, value);
		request->given |= 1U << i;
		return 0;
	}
	return -ENOENT;
}

void knobs_to_row(const struct attach_request *request, bool fresh, struct txp_instance *row)
{
	int i;

	for (i = 0; i < TXP_KNOB_COUNT; i++) {
		if (!knobs[i].is_row) {
			row->knob[i] = member_get(&knobs[i], request);
		} else if (fresh || request->given & (1U << i)) {
			row->knob[i] = request->knob[i];
			member_set(&knobs[i], row, to_member(&knobs[i], request->knob[i]));
		}
	}
}

const char *knob_word_in_force(const struct txp_instance *row, enum txp_knob which, char *text)
{
	return words_at(knobs[which].values, row->knob[which], text, KNOB_TEXT_MAX);
}
