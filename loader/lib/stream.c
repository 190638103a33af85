// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* Keeps track of commas; json-c escapes the texts. */
#include <stdio.h>

#include <json-c/json.h>

#include "lib/stream.h"

static void begin(struct stream *stream, const char *key)
{
	if (stream->more)
		putchar(',');
	if (key)
		printf("\"%s\":", key);
	stream->more = true;
}

void stream_open(struct stream *stream, const char *key, char bracket)
{
	begin(stream, key);
	putchar(bracket);
	stream->more = false;
}

void stream_close(struct stream *stream, char bracket)
{
	putchar(bracket);
	stream->more = true;
}

/* Keys are constants of ours, but a text may need escapes. */
void stream_text(struct stream *stream, const char *key, const char *text)
{
	struct json_object *object = json_object_new_string(text);

	begin(stream, key);
	fputs(json_object_to_json_string_ext(object, JSON_C_TO_STRING_NOSLASHESCAPE), stdout);
	json_object_put(object);
}

void stream_number(struct stream *stream, const char *key, __u64 number)
{
	begin(stream, key);
	printf("%llu", number);
}
