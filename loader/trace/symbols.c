// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* A sorted array of the functions, searched by halving. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace/symbols.h"

#define NAME_LENGTH 63
#define GROW 65536

struct symbol {
	__u64 address;
	char name[NAME_LENGTH + 1];
};

struct symbols {
	struct symbol *rows; /* sorted by address */
	size_t count;
	size_t room;
	bool is_read;
};

static int by_address(const void *a, const void *b)
{
	__u64 one = ((const struct symbol *)a)->address;
	__u64 other = ((const struct symbol *)b)->address;

	return one < other ? -1 : one > other;
}

static int add(struct symbols *symbols, __u64 address, const char *name)
{
	struct symbol *rows;

	if (symbols->count == symbols->room) {
		rows = realloc(symbols->rows, (symbols->room + GROW) * sizeof(*rows));
		if (!rows)
			return -1;
		symbols->rows = rows;
		symbols->room += GROW;
	}
	symbols->rows[symbols->count].address = address;
	snprintf(symbols->rows[symbols->count++].name, NAME_LENGTH + 1, "%s", name);
	return 0;
}

static void read_lines(struct symbols *symbols, FILE *file)
{
	char line[512], name[NAME_LENGTH + 1], type;
	__u64 address;

	while (fgets(line, sizeof(line), file)) {
		if (sscanf(line, "%llx %c %63s", &address, &type, name) == 3 && address &&
		    strchr("tTwW", type) && add(symbols, address, name))
			break;
	}
	if (symbols->count)
		qsort(symbols->rows, symbols->count, sizeof(*symbols->rows), by_address);
}

struct symbols *symbols_new(void)
{
	return calloc(1, sizeof(struct symbols));
}

/* Reading takes long, so it is done at the first address and not at the start. */
static void read_symbols(struct symbols *symbols)
{
	FILE *file;

	if (symbols->is_read)
		return;
	symbols->is_read = true;
	file = fopen("/proc/kallsyms", "re");
	if (!file)
		return;
	read_lines(symbols, file);
	fclose(file);
}

void symbols_free(struct symbols *symbols)
{
	if (!symbols)
		return;
	free(symbols->rows);
	free(symbols);
}

/* The last symbol that begins at or before the address. */
static const struct symbol *find(const struct symbols *symbols, __u64 address)
{
	size_t low = 0, high = symbols->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (symbols->rows[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &symbols->rows[low - 1] : NULL;
}

const char *symbols_text(struct symbols *symbols, __u64 address, char *text, size_t size)
{
	const struct symbol *symbol;

	read_symbols(symbols);
	symbol = find(symbols, address);
	if (symbol)
		snprintf(text, size, "%s+0x%llx", symbol->name, address - symbol->address);
	else
		snprintf(text, size, "0x%llx", address);
	return text;
}
