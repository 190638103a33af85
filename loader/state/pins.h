/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Directories and pins in bpffs, where everything lives that outlasts a command:
 * BPFFS/txpath/vABI/NETNS/{maps,links}. NETNS is the id of the network namespace, in decimal. All
 * errors are negative errno.
 */
#ifndef TXPATH_STATE_PINS_H
#define TXPATH_STATE_PINS_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/types.h>

struct pins {
	char root[PATH_MAX];	/* bpffs */
	char base[PATH_MAX];	/* BPFFS/txpath: the lock is on this directory */
	char version[PATH_MAX]; /* BPFFS/txpath/vABI */
};

enum pin_type {
	PIN_MAP,
	PIN_LINK,
};

/* Is a bpffs mounted at root? Without one nothing is attached. */
bool pins_possible(const char *root);

/* Checks that there is a bpffs at root, and with write a writable one. Errors have been logged. */
int pins_open(const char *root, bool write, struct pins *pins);

/*
 * Has a txpath of another ABI version pinned something for this network namespace? Then path
 * (PATH_MAX bytes) is its directory. Two versions do not see each other's programs.
 */
bool pins_of_other_version(const struct pins *pins, __u64 netns, char *path);

/* Tells the operator if so, of the network namespace that we are in. */
void pins_note_other_version(const struct pins *pins);

/* Prints into path (PATH_MAX bytes). -ENAMETOOLONG has been logged. */
int pin_path(char *path, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Makes a directory unless there is one. -ENOTDIR (logged): something else is in its place. */
int pin_directory(const char *path);

/*
 * Returns a new descriptor. -ENOENT (not logged): nothing is pinned there. -EMEDIUMTYPE (logged):
 * an object of another type is.
 */
int pin_open(const char *directory, const char *name, enum pin_type type);

/* Fills in the program behind a pinned link: name, tag, id, misses. Errors as pin_open(). */
int pin_program(const char *directory, const char *name, struct bpf_prog_info *info);

/* The same of an open program. Errors are not logged. */
int program_info(int prog_fd, struct bpf_prog_info *info);

/* The ids of the maps that a program uses. Returns their number. Errors are not logged. */
#define PROGRAM_MAPS 32
int program_maps(int prog_fd, __u32 *ids);

int pin_make(int fd, const char *directory, const char *name);

/* Returns 0 also if nothing is pinned there. */
int pin_remove(const char *directory, const char *name);

/* Behind the name of a staged pin. Not a dot: bpffs refuses names with one. */
#define PIN_STAGED "-next"

/*
 * A pin is replaced in one step, so that whoever looks finds the old or the new: the new one is
 * staged beside it, then pin_commit() renames it, or pin_abort() removes it.
 */
int pin_prepare(int fd, const char *directory, const char *name);
int pin_commit(const char *directory, const char *name);
void pin_abort(const char *directory, const char *name);

/* The final name of a staged one. Returns name, of NAME_MAX + 1 bytes. */
const char *pin_final(const char *staged, char *name);

/* Is it the name of a staged pin? With the lock held, only a killed run has left one. */
bool pin_is_staged(const char *name);

/* Calls fn for each name in a directory until one returns not 0. -ENOENT is not logged. */
typedef int (*pin_fn)(const char *directory, const char *name, void *context);
int pin_each(const char *directory, pin_fn fn, void *context);

/* Removes directories of txpath that are empty, also those of killed runs. */
void pins_prune(const struct pins *pins);

#endif /* TXPATH_STATE_PINS_H */
