// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A class in words. In lib, because classify shows it and trace prints it. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/action.h"

static void append(char *text, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void append(char *text, const char *format, ...)
{
	size_t length = strlen(text);
	va_list args;

	if (length && length + 2 < ACTION_TEXT_MAX) {
		strcpy(text + length, ", ");
		length += 2;
	}
	va_start(args, format);
	vsnprintf(text + length, ACTION_TEXT_MAX - length, format, args);
	va_end(args);
}

/* skb->priority with a major number is the handle of a traffic class. */
static void append_priority(char *text, __u32 priority)
{
	if (priority >> 16)
		append(text, "tc %x:%x", priority >> 16, priority & 0xffff);
	else
		append(text, "priority %u", priority);
}

static void append_mark(char *text, const struct txp_class *action)
{
	if (action->mark_mask == 0xffffffff)
		append(text, "mark 0x%x", action->mark);
	else
		append(text, "mark 0x%x/0x%x", action->mark, action->mark_mask);
}

const char *action_text(const struct txp_class *action, char *text)
{
	*text = '\0';
	if (action->sets & TXP_CLASS_SETS_DSCP)
		append(text, "dscp %u", action->dscp);
	if (action->sets & TXP_CLASS_SETS_PRIORITY)
		append_priority(text, action->priority);
	if (action->sets & TXP_CLASS_SETS_MARK)
		append_mark(text, action);
	if (action->sets & TXP_CLASS_SETS_TIME)
		append(text, "rate %llu bit/s", action->rate * 8);
	if (!*text)
		append(text, "nothing");
	return text;
}
