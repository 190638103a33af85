// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * bpf_skb_ancestor_cgroup_id() returns a cgroup's id. In user space the id is the file handle of
 * the cgroup's directory: see kernfs_encode_fh().
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mntent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "classify/cgroup2.h"

#define ROOT_ID 1 /* kernfs_create_root() gives the root the first id */

static int directory_id(const char *path, __u64 *id)
{
	struct {
		struct file_handle handle;
		__u64 id;
	} handle = { .handle.handle_bytes = sizeof(__u64) };
	int mount_id;

	if (name_to_handle_at(AT_FDCWD, path, &handle.handle, &mount_id, 0))
		return -errno;
	memcpy(id, handle.handle.f_handle, sizeof(*id));
	return 0;
}

/*
 * bpf_skb_ancestor_cgroup_id() counts levels from the root of the hierarchy. The mount in a
 * container may begin below that root; then the number of levels above the mount is not known here.
 */
static int check_root(const char *directory)
{
	__u64 id = 0;
	int err = directory_id(directory, &id);

	if (err)
		return err;
	return id == ROOT_ID ? 0 : -EXDEV;
}

static int find_mount(char *path, size_t size)
{
	FILE *mounts = setmntent("/proc/self/mounts", "r");
	struct mntent *entry;
	int err = -ENODEV;

	if (!mounts)
		return -errno;
	while (err && (entry = getmntent(mounts))) {
		if (strcmp(entry->mnt_type, "cgroup2"))
			continue;
		err = check_root(entry->mnt_dir);
		if (!err && snprintf(path, size, "%s", entry->mnt_dir) >= (int)size)
			err = -ENAMETOOLONG;
	}
	endmntent(mounts);
	return err;
}

/* Cuts the path behind its first names names. Returns how many names are left. */
static __u32 cut(char *path, __u32 names)
{
	__u32 count = 0;
	char *at = path;

	while (*(at += strspn(at, "/"))) {
		if (count == names) {
			*at = '\0';
			break;
		}
		count++;
		at += strcspn(at, "/");
	}
	return count;
}

static int find(const char *path, __u32 names, struct cgroup *cgroup)
{
	char full[PATH_MAX];
	struct stat about;
	size_t length;
	int err;

	err = find_mount(full, sizeof(full));
	if (err)
		return err;
	length = strlen(full);
	if (snprintf(full + length, sizeof(full) - length, "/%s", path) >=
	    (int)(sizeof(full) - length))
		return -ENAMETOOLONG;
	cgroup->level = cut(full + length, names);
	if (stat(full, &about))
		return -errno;
	return S_ISDIR(about.st_mode) ? directory_id(full, &cgroup->id) : -ENOTDIR;
}

int cgroup2_find(const char *path, struct cgroup *cgroup)
{
	return find(path, UINT_MAX, cgroup);
}

int cgroup2_ancestor(const char *path, __u32 level, __u64 *id)
{
	struct cgroup cgroup = { 0 };
	int err = find(path, level, &cgroup);

	*id = !err && cgroup.level == level ? cgroup.id : 0;
	return err;
}
