// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The lock is a flock on the directory BPFFS/txpath, so it ends with its process. The directory
 * comes and goes with the pins below it: whoever gets the lock checks that it is still the same.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/array.h"
#include "state/lock.h"
#include "lib/log.h"

#define LOCK_STEP_US 100000
#define LOCK_STEPS 50

static const int ending_signals[] = { SIGINT, SIGTERM, SIGHUP };

/* "NAME (process ID)" of the process that holds the lock on that inode, from /proc/locks. */
static void lock_holder(ino_t inode, char *holder, size_t size)
{
	char line[256], file[32], name[32] = "?";
	unsigned long found;
	FILE *locks, *comm;
	int pid;

	snprintf(holder, size, "another process");
	locks = fopen("/proc/locks", "re");
	if (!locks)
		return;
	while (fgets(line, sizeof(line), locks)) {
		if (sscanf(line, "%*s FLOCK %*s %*s %d %*x:%*x:%lu", &pid, &found) != 2 ||
		    found != inode || pid <= 0)
			continue;
		snprintf(file, sizeof(file), "/proc/%d/comm", pid);
		comm = fopen(file, "re");
		if (comm && fgets(name, sizeof(name), comm))
			name[strcspn(name, "\n")] = '\0';
		if (comm)
			fclose(comm);
		snprintf(holder, size, "%s (process %d)", name, pid);
		break;
	}
	fclose(locks);
}

static int lock_wait(int fd, const char *path)
{
	struct stat status = { 0 };
	char holder[64];
	int i;

	for (i = 0; i < LOCK_STEPS; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB))
			return 0;
		if (errno != EWOULDBLOCK)
			return log_errno(-errno, "locking %s", path);
		if (lock_interrupted())
			return -EINTR;
		if (!i)
			log_note("waiting for the lock on %s: another txpath is changing something",
				 path);
		usleep(LOCK_STEP_US);
	}
	fstat(fd, &status);
	lock_holder(status.st_ino, holder, sizeof(holder));
	log_error("%s is locked by %s: try again when that has ended", path, holder);
	return -EBUSY;
}

/* The holder before us may have removed the directory: then our lock is on a deleted inode. */
static bool is_current(int fd, const char *path)
{
	struct stat held, now;

	return !fstat(fd, &held) && !stat(path, &now) && held.st_ino == now.st_ino &&
	       held.st_dev == now.st_dev;
}

static int lock_once(const char *path)
{
	int fd, err;

	err = pin_directory(path);
	if (err)
		return err;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -EAGAIN : log_errno(-errno, "opening %s", path);
	err = lock_wait(fd, path);
	if (!err && !is_current(fd, path))
		err = -EAGAIN;
	if (!err)
		return fd;
	close(fd);
	return err;
}

/*
 * A signal that is ignored, as SIGHUP under nohup, is not held back: held back it would be pending,
 * and end the run.
 */
static void hold_signals(sigset_t *before)
{
	struct sigaction action;
	sigset_t held;
	size_t i;

	sigemptyset(&held);
	for (i = 0; i < ARRAY_SIZE(ending_signals); i++) {
		if (!sigaction(ending_signals[i], NULL, &action) && action.sa_handler != SIG_IGN)
			sigaddset(&held, ending_signals[i]);
	}
	sigprocmask(SIG_BLOCK, &held, before);
}

bool lock_interrupted(void)
{
	sigset_t pending;
	size_t i;

	sigpending(&pending);
	for (i = 0; i < ARRAY_SIZE(ending_signals); i++) {
		if (sigismember(&pending, ending_signals[i]))
			return true;
	}
	return false;
}

int lock_take(const struct pins *pins, struct lock *lock)
{
	hold_signals(&lock->signals);
	do {
		lock->fd = lock_once(pins->base);
	} while (lock->fd == -EAGAIN);
	if (lock->fd >= 0)
		return 0;
	sigprocmask(SIG_SETMASK, &lock->signals, NULL);
	return lock->fd;
}

void lock_release(const struct pins *pins, const struct lock *lock)
{
	pins_prune(pins);
	close(lock->fd);
	sigprocmask(SIG_SETMASK, &lock->signals, NULL);
}
