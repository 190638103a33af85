// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Most distributions mount a bpffs on /sys/fs/bpf, but a minimal one or a container may not. Pins
 * need one that stays, so it is mounted only where the mount outlives the command.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "state/bpffs.h"
#include "state/pins.h"

/*
 * A mount goes with its mount namespace. That of process 1 stays. Another one, as ip netns exec and
 * unshare make it, may end with a command or a shell, and everything that is pinned ends with it.
 */
static bool mounts_stay(void)
{
	struct stat ours, first;

	return !stat("/proc/self/ns/mnt", &ours) && !stat("/proc/1/ns/mnt", &first) &&
	       ours.st_ino == first.st_ino && ours.st_dev == first.st_dev;
}

/* A mount would hide what is in the directory. */
static bool is_empty(const char *directory)
{
	struct dirent *entry;
	bool empty = true;
	DIR *dir = opendir(directory);

	if (!dir)
		return false;
	while (empty && (entry = readdir(dir)))
		empty = !strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..");
	closedir(dir);
	return empty;
}

/* The directory is locked: of two commands that start together one mounts. */
static int mount_locked(const char *root, bool *mounted)
{
	if (pins_possible(root))
		return 0;
	if (!is_empty(root)) {
		log_error("no bpffs is mounted on %s, and the directory is not empty: choose "
			  "another one with --bpffs DIR",
			  root);
		return -ENODEV;
	}
	if (!mounts_stay()) {
		log_error("no bpffs is mounted on %s, and one that is mounted in this mount "
			  "namespace would end with it: mount one outside, and use --netns NAME "
			  "instead of ip netns exec",
			  root);
		return -ENODEV;
	}
	if (mount("bpf", root, "bpf", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=0700"))
		return log_errno(-errno, "mounting bpffs on %s", root);
	*mounted = true;
	log_note("mounted bpffs on %s", root);
	return 0;
}

int bpffs_mount(const char *root, bool *mounted)
{
	int err, fd;

	*mounted = false;
	if (pins_possible(root))
		return 0;
	fd = open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* pins_open() says what is wrong */
	if (flock(fd, LOCK_EX))
		err = log_errno(-errno, "locking %s", root);
	else
		err = mount_locked(root, mounted);
	close(fd);
	return err;
}

void bpffs_unmount(const char *root)
{
	char path[PATH_MAX];

	/* the kernel may have put files of its own there: maps.debug, progs.debug */
	if (!pin_path(path, "%s/txpath", root) && access(path, F_OK) && !umount(root))
		log_note("unmounted bpffs from %s", root);
}
