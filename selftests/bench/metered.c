// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * metered COMMAND [ARGUMENT...]: runs it, then "MILLISECONDS KILOBYTES" on stderr as the last line:
 * how long it took and the most memory that it had. Exit status: the command's.
 *
 * A shell cannot tell the memory: fork and exec leave the shell's own size in the child's
 * ru_maxrss (exec_mmap), hence a small program of its own.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e3 + now.tv_nsec / 1e6;
}

static void become(char **command)
{
	execvp(command[0], command);
	fprintf(stderr, "%s: %s\n", command[0], strerror(errno));
	_exit(127);
}

int main(int argc, char **argv)
{
	double begun = now_ms();
	struct rusage usage;
	int status;
	pid_t pid;

	if (argc < 2)
		return 2;
	pid = vfork();
	if (!pid)
		become(argv + 1);
	if (pid < 0 || wait4(pid, &status, 0, &usage) != pid)
		return 125;
	fprintf(stderr, "%.2f %ld\n", now_ms() - begun, usage.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
