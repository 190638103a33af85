// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * rcu_expedited is a switch of the whole host, and must be off again even if this process is
 * killed. So a second process, the guard, waits for the end of the first and then switches it off.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attach/expedite.h"
#include "lib/log.h"

#define SWITCH "/sys/kernel/rcu_expedited"
#define WORTH_IT 16 /* links */

static int write_switch(int fd, const char *value)
{
	return pwrite(fd, value, 1, 0) == 1 ? 0 : -errno;
}

/*
 * Returns a descriptor of the switch, or a negative errno: -EBUSY if it is on already, because of
 * the administrator or of another txpath, which holds a lock on it.
 */
static int take_switch(void)
{
	int fd = open(SWITCH, O_RDWR | O_CLOEXEC);
	char value = 0;

	if (fd < 0)
		return -errno;
	if (!flock(fd, LOCK_EX | LOCK_NB) && pread(fd, &value, 1, 0) == 1 && value == '0')
		return fd;
	close(fd);
	return -EBUSY;
}

/* read() returns when the last writer is gone. In its own session Ctrl-C does not reach it. */
static void guard(int alive, int fd)
{
	char byte;

	setsid();
	while (read(alive, &byte, 1) < 0 && errno == EINTR)
		;
	_exit(write_switch(fd, "0") ? 1 : 0);
}

static int start_guard(struct expedite *expedite, int fd)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC))
		return -errno;
	expedite->guard = fork();
	if (!expedite->guard) {
		close(ends[1]);
		guard(ends[0], fd);
	}
	close(ends[0]);
	if (expedite->guard > 0) {
		expedite->alive = ends[1];
		return 0;
	}
	close(ends[1]);
	return -errno;
}

void expedite_begin(struct expedite *expedite, size_t links)
{
	int fd, err;

	*expedite = (struct expedite){ .alive = -1 };
	if (links < WORTH_IT)
		return;
	fd = take_switch();
	err = fd < 0 ? fd : start_guard(expedite, fd);
	if (!err)
		err = write_switch(fd, "1");
	if (err)
		log_detail(SWITCH " is not switched on, so attaching takes longer: %s",
			   errno_words(err));
	if (fd >= 0)
		close(fd);
}

void expedite_end(struct expedite *expedite)
{
	if (expedite->alive < 0)
		return;
	close(expedite->alive);
	expedite->alive = -1;
	while (waitpid(expedite->guard, NULL, 0) < 0 && errno == EINTR)
		;
}
