// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * There is no system call from a namespace's id to the namespace. So the id is found by a walk:
 * enter each namespace that has a name or a process, and compare.
 */
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/log.h"
#include "lib/netns.h"

#ifndef SO_NETNS_COOKIE
#define SO_NETNS_COOKIE 71
#endif

#define NETNS_SELF "/proc/self/ns/net"
#define NETNS_NAMES "/run/netns"

static bool is_number(const char *text)
{
	return *text && text[strspn(text, "0123456789")] == '\0';
}

static void spec_to_path(const char *spec, char *path, size_t size)
{
	snprintf(path, size, NETNS_NAMES "/%s", spec);
	if (strchr(spec, '/'))
		snprintf(path, size, "%s", spec);
	else if (is_number(spec) && access(path, F_OK))
		snprintf(path, size, "/proc/%s/ns/net", spec);
}

int netns_enter(const char *spec)
{
	char path[PATH_MAX];
	int fd, err = 0;

	spec_to_path(spec, path, sizeof(path));
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return log_errno(-errno, "network namespace %s: opening %s", spec, path);
	if (setns(fd, CLONE_NEWNET))
		err = log_errno(-errno, "network namespace %s: entering %s", spec, path);
	close(fd);
	return err;
}

int netns_id(__u64 *id)
{
	socklen_t size = sizeof(*id);
	struct stat file;
	int err = 0;
	int fd;

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return log_errno(-errno, "opening a socket");
	if (!getsockopt(fd, SOL_SOCKET, SO_NETNS_COOKIE, id, &size))
		goto close_socket;
	if (errno != ENOPROTOOPT || stat(NETNS_SELF, &file))
		err = log_errno(-errno, "reading the id of the network namespace");
	else
		*id = file.st_ino;
close_socket:
	close(fd);
	return err;
}

/* The cookie does not tell: that of the initial namespace is 1, 3 or 7, by kernel version. */
bool netns_is_initial(void)
{
	return !access("/proc/sys/net/core/devconf_inherit_init_net", F_OK);
}

/* A walk over namespaces. */
struct walk {
	int home;   /* where to return to after each namespace */
	ino_t last; /* namespace of the last process: most processes share one */
	netns_fn fn;
	void *context;
};

static int walk_step(struct walk *walk, int fd, const char *name)
{
	__u64 id = 0;
	int ret;

	if (setns(fd, CLONE_NEWNET))
		return 0; /* not a network namespace, or we may not enter it */
	ret = netns_id(&id);
	if (!ret)
		ret = walk->fn(id, name, walk->context);
	if (setns(walk->home, CLONE_NEWNET))
		ret = log_errno(-errno, "going back to our own network namespace");
	return ret;
}

static int walk_file(struct walk *walk, int dir, const char *file, const char *name)
{
	struct stat status;
	int ret = 0;
	int fd;

	fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return 0; /* it is gone by now, or we may not see it */
	if (name || (!fstat(fd, &status) && status.st_ino != walk->last)) {
		if (!name)
			walk->last = status.st_ino;
		ret = walk_step(walk, fd, name);
	}
	close(fd);
	return ret;
}

static int walk_names(struct walk *walk)
{
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir(NETNS_NAMES);
	if (!dir)
		return 0;
	while (!ret && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.')
			ret = walk_file(walk, dirfd(dir), entry->d_name, entry->d_name);
	}
	closedir(dir);
	return ret;
}

static int walk_processes(struct walk *walk)
{
	char file[NAME_MAX + 8];
	struct dirent *entry;
	int ret = 0;
	DIR *dir;

	dir = opendir("/proc");
	if (!dir)
		return 0;
	while (!ret && (entry = readdir(dir))) {
		if (!is_number(entry->d_name))
			continue;
		snprintf(file, sizeof(file), "%s/ns/net", entry->d_name);
		ret = walk_file(walk, dirfd(dir), file, NULL);
	}
	closedir(dir);
	return ret;
}

int netns_each(netns_fn fn, void *context)
{
	struct walk walk = { .fn = fn, .context = context };
	int ret;

	walk.home = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	if (walk.home < 0)
		return log_errno(-errno, "opening " NETNS_SELF);
	ret = walk_names(&walk);
	if (!ret)
		ret = walk_file(&walk, AT_FDCWD, NETNS_SELF, NULL);
	if (!ret)
		ret = walk_processes(&walk);
	close(walk.home);
	return ret;
}

struct search {
	__u64 id;
	int fd;
};

static int take_fd(__u64 id, const char *name, void *context)
{
	struct search *search = context;

	(void)name;
	if (id != search->id)
		return 0;
	search->fd = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	return 1;
}

int netns_go(__u64 id)
{
	struct search search = { .id = id, .fd = -1 };
	int home, err;

	home = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	if (home < 0)
		return log_errno(-errno, "opening " NETNS_SELF);
	err = netns_each(take_fd, &search);
	if (err >= 0)
		err = search.fd < 0 ? -ENOENT : 0;
	if (!err && setns(search.fd, CLONE_NEWNET))
		err = log_errno(-errno, "entering network namespace %llu", id);
	if (search.fd >= 0)
		close(search.fd);
	if (!err)
		return home;
	close(home);
	return err;
}

void netns_back(int home)
{
	if (setns(home, CLONE_NEWNET))
		log_errno(-errno, "going back to our own network namespace");
	close(home);
}

struct named {
	__u64 id;
	char *name;
	size_t size;
};

static int take_name(__u64 id, const char *name, void *context)
{
	struct named *named = context;

	if (id != named->id || !name)
		return 0;
	snprintf(named->name, named->size, "%s", name);
	return 1;
}

void netns_name(__u64 id, char *name, size_t size)
{
	struct named named = { .id = id, .name = name, .size = size };
	struct walk walk = { .fn = take_name, .context = &named };

	snprintf(name, size, "%llu", id);
	walk.home = open(NETNS_SELF, O_RDONLY | O_CLOEXEC);
	if (walk.home < 0)
		return;
	walk_names(&walk);
	close(walk.home);
}
