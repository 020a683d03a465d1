// SPDX-License-Identifier: GPL-2.0-only
/*
 * Reboots that live update refuses, or that are held in the middle.
 *
 *	lureboot faults DIR	each allocation of a reboot fails in turn; then those that make
 *				it be refused, many times over, in several passes:
 *				"LU: N faults, M refused; of R more, K pages less": K
 *				are missing after R refused reboots, the pass that took least
 *	lureboot killed		SIGKILL at any time of a reboot
 *	lureboot held DIR	while the sessions are frozen: what waits, and what ends that
 *	lureboot starved	every allocation of a reboot fails
 *
 * An image is loaded, and sessions are preserved: DIR is a tmpfs that one of them has. After each
 * reboot that was refused, sessions and the tmpfs must be as usable as before.
 * lab/inside/kernel/kexec_lab_depart.c begins the reboots, and /proc/PID/fail-nth the faults.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/reboot.h>
#include <linux/types.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../../include/uapi/linux/liveupdate.h"
#include "../../tools/testing/selftests/kexec/kexec_memory.h"

#define PAGE		4096
#define DEPART		"/sys/kernel/debug/kexec_lab/depart"
#define FAIL_NTH	"/proc/thread-self/fail-nth"
#define KILLS		20
#define FAULTS		256
#define REFUSALS	100
#define PASSES		4
/* A reboot that does not end is a failure; the alarm kills the program. */
#define PATIENCE	60

static void fail(const char *what, int error)
{
	printf("LU: FAILED %s: %s\n", what, strerror(error));
	exit(1);
}

static void must(bool good, const char *what)
{
	if (!good)
		fail(what, errno);
}

/* --- sessions ---------------------------------------------------------- */

static int create(const char *name)
{
	struct liveupdate_ioctl_create_session session = { .size = sizeof(session) };
	int device = open("/dev/liveupdate", O_RDWR | O_CLOEXEC);

	must(device >= 0, "/dev/liveupdate");
	strncpy((char *)session.name, name, sizeof(session.name) - 1);
	must(!ioctl(device, LIVEUPDATE_IOCTL_CREATE_SESSION, &session), name);
	close(device);
	return session.fd;
}

static int make_memfd(void)
{
	int fd = memfd_create("reboot", MFD_CLOEXEC);

	must(fd >= 0 && !ftruncate(fd, 4 * PAGE), "memfd");
	return fd;
}

static int preserve(int session, int fd)
{
	struct liveupdate_session_preserve_fd arg = { .size = sizeof(arg), .fd = fd };

	return ioctl(session, LIVEUPDATE_SESSION_PRESERVE_FD, &arg) ? errno : 0;
}

/* A session has the file for as long as its size cannot change. */
static bool is_preserved(int memfd)
{
	return ftruncate(memfd, 8 * PAGE) < 0;
}

static void check_sessions(void)
{
	int session = create("probe"), memfd = make_memfd();

	must(!preserve(session, memfd), "PRESERVE_FD after a reboot that was refused");
	close(session);
	must(!is_preserved(memfd), "a session that is closed still has its file");
	close(memfd);
}

static void check_tmpfs(const char *dir)
{
	char path[256];
	int fd;

	snprintf(path, sizeof(path), "%s/probe", dir);
	fd = open(path, O_CREAT | O_WRONLY, 0600);
	must(fd >= 0 && write(fd, path, sizeof(path)) == sizeof(path), path);
	close(fd);
	must(!unlink(path), path);
}

/* --- reboots ----------------------------------------------------------- */

static int depart_file(void)
{
	int fd = open(DEPART, O_WRONLY | O_CLOEXEC);

	must(fd >= 0, DEPART);
	return fd;
}

/* Return 0 or an errno. */
static int depart(int file, const char *what)
{
	return write(file, what, strlen(what)) < 0 ? errno : 0;
}

static int tell(const char *what)
{
	int file = depart_file(), err = depart(file, what);

	close(file);
	return err;
}

/* With the nth fault; *met says whether the reboot has met it. */
static int go_with_fault(int file, int nth, bool *met)
{
	int fd = open(FAIL_NTH, O_RDWR | O_CLOEXEC), err;
	char text[16] = "";

	must(fd >= 0 && dprintf(fd, "%d", nth) > 0, FAIL_NTH);
	err = depart(file, "go");
	*met = pread(fd, text, sizeof(text) - 1, 0) > 0 && !atoi(text);
	must(pwrite(fd, "0", 1, 0) == 1, FAIL_NTH);
	close(fd);
	return err;
}

/**
 * struct faults - the faults that a reboot meets
 * @nr: how many
 * @nr_refused: how many of these the reboot does not tolerate
 * @refused: which: 1 is the first allocation
 */
struct faults {
	int nr;
	int nr_refused;
	int refused[FAULTS];
};

/* Whether the reboot was refused. */
static bool is_refused(int file, int nth, bool *met)
{
	int err;

	alarm(PATIENCE);
	err = go_with_fault(file, nth, met);
	if (err && err != ENOMEM && err != EFAULT)
		fail("a reboot without memory", err);
	return err;
}

static struct faults each_fault(int file, const char *dir)
{
	struct faults faults = { };
	bool met = true;
	int nth, err;

	for (nth = 1; met; nth++) {
		if (is_refused(file, nth, &met)) {
			must(faults.nr_refused < FAULTS, "too many faults");
			faults.refused[faults.nr_refused++] = nth;
		}
		err = depart(file, "blank");
		if (err)
			fail("the image tells of an index", err);
		check_sessions();
		check_tmpfs(dir);
	}
	must(faults.nr_refused > 0, "no fault makes a reboot be refused");
	faults.nr = nth - 2;
	return faults;
}

/* Each fault that the reboot does not tolerate, until enough reboots were refused. */
static void repeat(int file, const struct faults *faults)
{
	int refused = 0, i;
	bool met;

	for (i = 0; refused < REFUSALS; i++)
		refused += is_refused(file, faults->refused[i % faults->nr_refused], &met);
}

static long free_pages_of(int file)
{
	int err = depart(file, "purge");

	if (err)
		fail("purge", err);
	return free_pages();
}

/* The first pass fills caches of the kernel.  A leak is a page in two refusals, in each pass. */
static void each_fault_and_repeat(const char *dir)
{
	int file = depart_file(), pass;
	struct faults faults = each_fault(file, dir);
	long before, lost, least = LONG_MAX;

	for (pass = 0; pass < PASSES && least >= REFUSALS / 2; pass++) {
		before = free_pages_of(file);
		repeat(file, &faults);
		lost = before - free_pages_of(file);
		if (lost < least)
			least = lost;
	}
	close(file);
	printf("LU: %d faults, %d refused; of %d more, %ld pages less\n",
	       faults.nr, faults.nr_refused, REFUSALS, least);
}

/* The scenario has armed the faults; they meet tasks that are made to fail. */
static void starved(void)
{
	int fd = open("/proc/thread-self/make-it-fail", O_WRONLY | O_CLOEXEC), err;

	must(fd >= 0 && pwrite(fd, "1", 1, 0) == 1, "make-it-fail");
	err = syscall(SYS_reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2,
		      LINUX_REBOOT_CMD_KEXEC, NULL) ? errno : 0;
	must(pwrite(fd, "0", 1, 0) == 1, "make-it-fail");
	if (err != ENOMEM)
		fail("reboot(2) without memory", err);
	check_sessions();
	printf("LU: starved\n");
}

/* --- signals ----------------------------------------------------------- */

static void killed(void)
{
	int i, status, child;

	for (i = 0; i < KILLS; i++) {
		alarm(PATIENCE);
		child = fork();
		if (!child)
			_exit(tell("go") != 0);
		usleep(i * 300);
		kill(child, SIGKILL);
		must(waitpid(child, &status, 0) == child, "waitpid");
		must(WIFSIGNALED(status) || !WEXITSTATUS(status), "a reboot that is killed");
		check_sessions();
	}
	printf("LU: killed %d\n", KILLS);
}

static void on_alarm(int signo)
{
	(void)signo;
}

static void check_interrupted(int session, int memfd)
{
	struct sigaction action = { .sa_handler = on_alarm };
	struct itimerval each_ms = { { 0, 1000 }, { 0, 1000 } }, off = { };

	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &each_ms, NULL);
	must(preserve(session, memfd) == EINTR, "PRESERVE_FD in a reboot is not interrupted");
	setitimer(ITIMER_REAL, &off, NULL);
	signal(SIGALRM, SIG_DFL);
}

/* A process that waits in PRESERVE_FD can be killed, while the reboot is still held. */
static void check_call_killed(int session, int memfd)
{
	int child = fork(), status;

	if (!child)
		_exit(preserve(session, memfd));
	usleep(10000);
	kill(child, SIGKILL);
	must(waitpid(child, &status, 0) == child && WIFSIGNALED(status),
	     "PRESERVE_FD in a reboot is not killed");
}

/**
 * struct owner - a process that alone has a session, with a file
 * @pid: the process
 * @memfd: the file
 * @at: its end of a pipe; the process has the other end for as long as it lives
 */
struct owner {
	int pid;
	int memfd;
	int at;
};

/* The process closes its session, or just waits, once a byte comes from @start. */
static struct owner make_owner(const char *name, int start, bool closes)
{
	struct owner owner = { .memfd = make_memfd() };
	int ends[2], session;
	char byte;

	must(!pipe(ends), "pipe");
	owner.pid = fork();
	if (!owner.pid) {
		close(ends[0]);
		session = create(name);
		must(!preserve(session, owner.memfd), name);
		must(write(ends[1], "x", 1) == 1, "pipe");
		must(read(start, &byte, 1) == 1, "pipe");
		if (closes)
			close(session);
		else
			pause();
		_exit(0);
	}
	close(ends[1]);
	owner.at = ends[0];
	must(read(owner.at, &byte, 1) == 1, name);
	return owner;
}

static bool is_gone(const struct owner *owner, int timeout)
{
	struct pollfd at = { .fd = owner->at };

	return poll(&at, 1, timeout) == 1;
}

/* Until the reboot is over, the next kernel gets the file: the close waits. */
static void check_waits(const struct owner *owner, const char *what)
{
	must(!is_gone(owner, 100), what);
}

static void check_over(struct owner *owner)
{
	must(is_gone(owner, -1) && waitpid(owner->pid, NULL, 0) == owner->pid, "waitpid");
	must(!is_preserved(owner->memfd), "a session that is gone still has its file");
}

static void held(const char *dir)
{
	struct owner closer, killed;
	int session, memfd, start[2], reboot, status;

	must(!pipe(start), "pipe");
	closer = make_owner("closed", start[0], true);
	killed = make_owner("killed", start[0], false);
	session = create("held");
	memfd = make_memfd();
	reboot = fork();
	if (!reboot)
		_exit(tell("hold"));
	must(!tell("await"), "await");
	must(write(start[1], "xx", 2) == 2, "pipe");
	check_interrupted(session, memfd);
	check_call_killed(session, memfd);
	kill(killed.pid, SIGKILL);
	check_waits(&closer, "a session was closed in a reboot");
	check_waits(&killed, "a session ended in a reboot");

	must(!tell("release"), "release");
	must(waitpid(reboot, &status, 0) == reboot && !status, "the reboot");
	check_over(&closer);
	check_over(&killed);
	must(!preserve(session, memfd), "PRESERVE_FD after the reboot");
	check_sessions();
	check_tmpfs(dir);
	printf("LU: held\n");
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	if (!strcmp(what, "faults") && argc > 2)
		each_fault_and_repeat(argv[2]);
	else if (!strcmp(what, "killed"))
		killed();
	else if (!strcmp(what, "held") && argc > 2)
		held(argv[2]);
	else if (!strcmp(what, "starved"))
		starved();
	else
		return 2;
	return 0;
}
