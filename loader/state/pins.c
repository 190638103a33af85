// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Directories and pins in bpffs. Whatever is found there may be somebody else's: each pin is
 * checked before it is used, and what is not txpath's is reported and never removed.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <bpf/bpf.h>
#include <linux/magic.h>

#include <txpath/abi.h>

#include "lib/array.h"
#include "lib/log.h"
#include "lib/netns.h"
#include "state/pins.h"

int pin_path(char *path, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vsnprintf(path, PATH_MAX, format, args);
	va_end(args);
	if (length >= 0 && length < PATH_MAX)
		return 0;
	return log_errno(-ENAMETOOLONG, "making the path of a pin");
}

bool pins_possible(const char *root)
{
	struct statfs fs;

	return !statfs(root, &fs) && fs.f_type == BPF_FS_MAGIC;
}

static int check_bpffs(const char *root, bool write)
{
	struct statvfs flags;
	struct statfs fs;

	if (statfs(root, &fs)) {
		log_errno(-errno, "finding bpffs at %s", root);
		return -ENODEV;
	}
	if (fs.f_type != BPF_FS_MAGIC) {
		log_error("no bpffs is mounted on %s: mount -t bpf bpf %s", root, root);
		return -ENODEV;
	}
	if (write && !statvfs(root, &flags) && flags.f_flag & ST_RDONLY) {
		log_error("bpffs %s is read-only: mount -o remount,rw %s", root, root);
		return -EROFS;
	}
	return 0;
}

int pins_open(const char *root, bool write, struct pins *pins)
{
	int err;

	err = check_bpffs(root, write);
	if (!err)
		err = pin_path(pins->root, "%s", root);
	if (!err)
		err = pin_path(pins->base, "%s/txpath", root);
	if (!err)
		err = pin_path(pins->version, "%s/txpath/v%d", root, TXP_ABI_VERSION);
	return err;
}

/* Is this the name of a directory of another version: v and a number? */
static bool is_other_version(const char *name)
{
	char *end;
	long version = *name == 'v' ? strtol(name + 1, &end, 10) : 0;

	return version > 0 && !*end && version != TXP_ABI_VERSION;
}

static int has_entry(const char *directory, const char *name, void *context)
{
	(void)directory;
	(void)name;
	(void)context;
	return 1;
}

/* A killed run may have left an empty directory. One that cannot be read counts as attached. */
static bool has_pins(const char *directory)
{
	int ret = pin_each(directory, has_entry, NULL);

	return ret && ret != -ENOENT;
}

bool pins_of_other_version(const struct pins *pins, __u64 netns, char *path)
{
	struct dirent *entry;
	bool found = false;
	DIR *dir = opendir(pins->base);

	if (!dir)
		return false;
	while (!found && (entry = readdir(dir)))
		found = is_other_version(entry->d_name) &&
			!pin_path(path, "%s/%s/%llu", pins->base, entry->d_name, netns) &&
			has_pins(path);
	closedir(dir);
	return found;
}

void pins_note_other_version(const struct pins *pins)
{
	char path[PATH_MAX];
	__u64 netns;

	/* what another version pinned is that version's to show and to detach */
	if (!netns_id(&netns) && pins_of_other_version(pins, netns, path))
		log_note("another version of txpath is attached in this network namespace (%s): "
			 "detach with that version",
			 path);
}

int pin_directory(const char *path)
{
	struct stat status;

	if (!mkdir(path, 0700))
		return 0;
	if (errno != EEXIST)
		return log_errno(-errno, "making directory %s", path);
	if (!stat(path, &status) && S_ISDIR(status.st_mode))
		return 0;
	log_error("%s is in the way: it is not a directory of txpath's; remove it", path);
	return -ENOTDIR;
}

/* The directory of our descriptors. Opened once, since thousands of pins may be looked at. */
static int descriptors(void)
{
	static int fd = -1;

	if (fd < 0)
		fd = open("/proc/self/fd", O_PATH | O_DIRECTORY | O_CLOEXEC);
	return fd;
}

/*
 * bpf_obj_get() opens whatever is pinned. The kernel names a descriptor after its type, in
 * bpf_map_new_fd and bpf_link_new_fd.
 */
static bool has_type(int fd, enum pin_type type)
{
	static const char *const names[] = {
		[PIN_MAP] = "anon_inode:bpf-map",
		[PIN_LINK] = "anon_inode:bpf-link",
	};
	char number[16], name[32];
	ssize_t length;

	snprintf(number, sizeof(number), "%d", fd);
	length = readlinkat(descriptors(), number, name, sizeof(name) - 1);
	if (length < 0)
		return false;
	name[length] = '\0';
	return !strcmp(name, names[type]);
}

int pin_open(const char *directory, const char *name, enum pin_type type)
{
	static const char *const names[] = { "map", "link" };
	char path[PATH_MAX];
	struct stat status;
	int fd, err;

	err = pin_path(path, "%s/%s", directory, name);
	if (err)
		return err;
	fd = bpf_obj_get(path);
	if (fd >= 0 && has_type(fd, type))
		return fd;
	if (fd < 0 && errno == ENOENT)
		return -ENOENT;
	if (fd < 0 && (lstat(path, &status) || S_ISREG(status.st_mode)))
		return log_errno(-errno, "opening pin %s", path);
	if (fd >= 0)
		close(fd);
	log_error("%s is in the way: it is not a BPF %s of txpath's; remove it", path, names[type]);
	return -EMEDIUMTYPE;
}

int program_info(int prog_fd, struct bpf_prog_info *info)
{
	__u32 size = sizeof(*info);

	memset(info, 0, sizeof(*info));
	return bpf_obj_get_info_by_fd(prog_fd, info, &size) ? -errno : 0;
}

int program_maps(int prog_fd, __u32 *ids)
{
	struct bpf_prog_info info = {
		.map_ids = (__u64)(unsigned long)ids,
		.nr_map_ids = PROGRAM_MAPS,
	};
	__u32 size = sizeof(info);

	if (bpf_obj_get_info_by_fd(prog_fd, &info, &size))
		return -errno;
	return info.nr_map_ids < PROGRAM_MAPS ? (int)info.nr_map_ids : PROGRAM_MAPS;
}

static int link_program(int link_fd, struct bpf_prog_info *info)
{
	struct bpf_link_info link = { 0 };
	__u32 size = sizeof(link);
	int fd, err;

	if (bpf_obj_get_info_by_fd(link_fd, &link, &size))
		return -errno;
	fd = bpf_prog_get_fd_by_id(link.prog_id);
	if (fd < 0)
		return -errno;
	err = program_info(fd, info);
	close(fd);
	return err;
}

int pin_program(const char *directory, const char *name, struct bpf_prog_info *info)
{
	int fd, err;

	fd = pin_open(directory, name, PIN_LINK);
	if (fd < 0)
		return fd;
	err = link_program(fd, info);
	close(fd);
	return err ? log_errno(err, "reading the program of link %s/%s", directory, name) : 0;
}

int pin_make(int fd, const char *directory, const char *name)
{
	char path[PATH_MAX];
	int err;

	err = pin_path(path, "%s/%s", directory, name);
	if (err)
		return err;
	return bpf_obj_pin(fd, path) ? log_errno(-errno, "pinning %s", path) : 0;
}

int pin_remove(const char *directory, const char *name)
{
	char path[PATH_MAX];
	int err;

	err = pin_path(path, "%s/%s", directory, name);
	if (err || !unlink(path) || errno == ENOENT)
		return err;
	return log_errno(-errno, "removing pin %s", path);
}

int pin_prepare(int fd, const char *directory, const char *name)
{
	char staged[NAME_MAX + 1];

	snprintf(staged, sizeof(staged), "%s" PIN_STAGED, name);
	pin_remove(directory, staged); /* of a run that was killed */
	return pin_make(fd, directory, staged);
}

int pin_commit(const char *directory, const char *name)
{
	char from[PATH_MAX], to[PATH_MAX];
	int err;

	err = pin_path(from, "%s/%s" PIN_STAGED, directory, name);
	if (!err)
		err = pin_path(to, "%s/%s", directory, name);
	if (err)
		return err;
	return rename(from, to) ? log_errno(-errno, "renaming pin %s", from) : 0;
}

void pin_abort(const char *directory, const char *name)
{
	char staged[NAME_MAX + 1];

	snprintf(staged, sizeof(staged), "%s" PIN_STAGED, name);
	pin_remove(directory, staged);
}

const char *pin_final(const char *staged, char *name)
{
	snprintf(name, NAME_MAX + 1, "%.*s", (int)(strlen(staged) - strlen(PIN_STAGED)), staged);
	return name;
}

bool pin_is_staged(const char *name)
{
	size_t length = strlen(name), staged = strlen(PIN_STAGED);

	return length > staged && !strcmp(name + length - staged, PIN_STAGED);
}

int pin_each(const char *directory, pin_fn fn, void *context)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir(directory);
	if (!dir)
		return errno == ENOENT ? -ENOENT : log_errno(-errno, "reading %s", directory);
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			ret = fn(directory, entry->d_name, context);
	}
	closedir(dir);
	return ret;
}

static int prune_one(const char *version, const char *name, void *context)
{
	static const char *const inside[] = { "/links", "/maps", "" };
	char path[PATH_MAX];
	size_t i;

	(void)context;
	for (i = 0; i < ARRAY_SIZE(inside); i++) {
		if (!pin_path(path, "%s/%s%s", version, name, inside[i]))
			rmdir(path);
	}
	return 0;
}

void pins_prune(const struct pins *pins)
{
	pin_each(pins->version, prune_one, NULL);
	rmdir(pins->version);
	rmdir(pins->base);
}
