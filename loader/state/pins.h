/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where state lives: BPFFS/txpath/v1/NETNS/{maps,links}. NETNS is the decimal namespace id. */
#ifndef TXPATH_STATE_PINS_H
#define TXPATH_STATE_PINS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/types.h>

struct pins {
	char root[PATH_MAX];	/* bpffs */
	char base[PATH_MAX];	/* BPFFS/txpath: what the lock is on */
	char version[PATH_MAX]; /* BPFFS/txpath/v1 */
};

enum pin_type {
	PIN_MAP,
	PIN_LINK,
};

/* Is a bpffs mounted there? Without one nothing can be attached. */
bool pins_possible(const char *root);

/*
 * Mounts a bpffs on root if it is an empty directory without one, and says so. For the command that
 * pins first, attach. Returns 0 also where pins_open() has the better error; other errors have been
 * logged.
 */
int pins_mount(const char *root);

/* Checks that there is a bpffs at root, and if write, a writable one. Errors have been told. */
int pins_open(const char *root, bool write, struct pins *pins);

/* Prints into path (PATH_MAX bytes). -ENAMETOOLONG, told. */
int pin_path(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A directory of ours, made if it is not there. -ENOTDIR, told: something else is in its place. */
int pin_directory(const char *path);

/* A new descriptor. -ENOENT, silent; -EMEDIUMTYPE, told: something else is pinned there. */
int pin_open(const char *directory, const char *name, enum pin_type type);

/* The program behind a pinned link: its name, tag, id, misses. As pin_open(). */
int pin_program(const char *directory, const char *name, struct bpf_prog_info *info);

/* The same of a program that we have open. Silent. */
int program_info(int prog_fd, struct bpf_prog_info *info);

/* Ids of the maps that a program uses. Returns their number, at most PROGRAM_MAPS. Silent. */
#define PROGRAM_MAPS 32
int program_maps(int prog_fd, __u32 *ids);

int pin_make(int fd, const char *directory, const char *name);

/* Nothing there: 0. */
int pin_remove(const char *directory, const char *name);

/* bpffs refuses names with a dot. */
#define PIN_STAGED "-next"

/*
 * A new pin is made under a name beside the final one, put in its place by pin_commit() in one
 * step, replacing what was there, or taken back by pin_abort().
 */
int pin_probe(int fd, const char *directory, const char *name);
int pin_commit(const char *directory, const char *name);
void pin_abort(const char *directory, const char *name);

/* The final name of a staged one. Returns name, of NAME_MAX + 1 bytes. */
const char *pin_final(const char *staged, char *name);

/* Is it a name that pin_probe() gives? Outside of a change: of a run that was killed. */
bool pin_is_staged(const char *name);

/* Calls fn for each name in a directory, in an order of the file system's own. -ENOENT, silent. */
typedef int (*pin_fn)(const char *directory, const char *name, void *context);
int pin_each(const char *directory, pin_fn fn, void *context);

/* Removes those directories of ours that are empty, also what a killed run has left. */
void pins_prune(const struct pins *pins);

#endif /* TXPATH_STATE_PINS_H */
