// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Gives a fuzz target the files of SEEDS, and what damage makes of them: the same inputs each
 * time, TXPATH_FUZZ_INPUTS of them. What it gave last is in the file named as argument, if any.
 */
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define INPUTS 20000
#define ROOM 8192 /* bytes of an input */
#define FILES 32
#define DAMAGES 6 /* at most, of one input */

struct input {
	size_t size;
	uint8_t bytes[ROOM];
};

static struct input files[FILES];
static size_t file_count;

/* xorshift64 */
static uint64_t state = 0x9e3779b97f4a7c15;

static size_t below(size_t limit)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return limit ? (state >> 11) % limit : 0;
}

static void die(const char *what)
{
	fprintf(stderr, "fuzz: %s\n", what);
	exit(1);
}

static void read_file(const char *path)
{
	struct input *file = &files[file_count];
	FILE *stream = fopen(path, "r");

	if (!stream || file_count == FILES)
		die(path);
	file->size = fread(file->bytes, 1, ROOM, stream);
	fclose(stream);
	file_count++;
}

static void read_files(void)
{
	glob_t paths;

	if (glob(SEEDS, 0, NULL, &paths))
		die("no files at " SEEDS);
	for (size_t i = 0; i < paths.gl_pathc; i++)
		read_file(paths.gl_pathv[i]);
	globfree(&paths);
}

/* Puts size bytes in place of cut bytes; what has no room falls off the end. */
static void replace(struct input *input, size_t at, size_t cut, const void *bytes, size_t size)
{
	size_t rest = input->size - at - cut;

	if (size > ROOM - at)
		size = ROOM - at;
	if (rest > ROOM - at - size)
		rest = ROOM - at - size;
	memmove(input->bytes + at + size, input->bytes + at + cut, rest);
	memcpy(input->bytes + at, bytes, size);
	input->size = at + size + rest;
}

static void flip(struct input *input)
{
	if (input->size)
		input->bytes[below(input->size)] ^= 1 << below(8);
}

static void insert_tag(struct input *input)
{
	static const uint8_t tags[] = ":-[]{},#\"'|>&*!%@?\n\r\t \\/.\0\x01\x7f\xc2\x85\xe2\xff";

	replace(input, below(input->size + 1), 0, &tags[below(sizeof(tags))], 1);
}

static void insert_word(struct input *input)
{
	static const char *const words[] = {
		"4294967296", "0xffffffff", "-1",    "1-0",	 "65536", "99999999999999999999",
		"::/129",     "0.0.0.0/0",  "1:",    "0:1",	 "1e9",	  "mbit",
		"version: 1", "rules:",	    "name:", "class: x", "[]",	  "{}",
		"&a ",	      "*a",	    "!!int", "---\n",	 "...\n", "%TAG ! x\n",
		"<<: ",	      "? ",	    "|\n",   "\"\\0\"",	 "\n  ",  "ff02::1",
	};
	const char *word = words[below(sizeof(words) / sizeof(*words))];
	size_t at = below(input->size + 1), cut = below(8);

	if (cut > input->size - at)
		cut = input->size - at;
	replace(input, at, cut, word, strlen(word));
}

static void cut_out(struct input *input)
{
	size_t at = below(input->size + 1);

	replace(input, at, below(input->size - at + 1) / (1 + below(16)), "", 0);
}

static void splice(struct input *input)
{
	const struct input *other = &files[below(file_count)];
	size_t from = below(other->size), size = below(other->size - from + 1) / (1 + below(8));

	replace(input, below(input->size + 1), 0, other->bytes + from, size);
}

static void truncate_input(struct input *input)
{
	input->size = below(input->size + 1);
}

static void damage(struct input *input)
{
	static void (*const ways[])(struct input * input) = {
		flip, flip, insert_tag, insert_tag, insert_word, insert_word, cut_out, splice,
	};

	for (size_t left = below(DAMAGES + 1); left; left--)
		ways[below(sizeof(ways) / sizeof(*ways))](input);
	if (!below(16))
		truncate_input(input);
}

static void keep(const char *path, const struct input *input)
{
	FILE *stream = path ? fopen(path, "w") : NULL;

	if (!stream)
		return;
	fwrite(input->bytes, 1, input->size, stream);
	fclose(stream);
}

/* In memory of just that size, so that a byte too far is seen. */
static void give(const struct input *input)
{
	uint8_t *bytes = malloc(input->size ? input->size : 1);

	if (!bytes)
		die("no memory");
	memcpy(bytes, input->bytes, input->size);
	LLVMFuzzerTestOneInput(bytes, input->size);
	free(bytes);
}

int main(int argc, char **argv)
{
	const char *asked = getenv("TXPATH_FUZZ_INPUTS");
	size_t count = asked ? strtoul(asked, NULL, 10) : INPUTS;
	static struct input input;

	read_files();
	for (size_t i = 0; i < count; i++) {
		input = files[i % file_count];
		if (i >= file_count)
			damage(&input);
		keep(argc > 1 ? argv[1] : NULL, &input);
		give(&input);
	}
	return 0;
}
