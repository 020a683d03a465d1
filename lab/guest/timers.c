// SPDX-License-Identifier: GPL-2.0-only
/*
 * timers COUNT US: on CPU 0 a timer expires every US microseconds, COUNT times.
 *
 *	TIMERS: armed	they run; the program waits for ever
 */
#include <signal.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define SECOND	1000000000L

static int arm(timer_t timer, const struct timespec *now, long ns)
{
	struct itimerspec when = { .it_value = *now };

	when.it_value.tv_nsec += ns;
	when.it_value.tv_sec += when.it_value.tv_nsec / SECOND;
	when.it_value.tv_nsec %= SECOND;
	return timer_settime(timer, TIMER_ABSTIME, &when, NULL);
}

int main(int argc, char **argv)
{
	long count = argc > 2 ? atol(argv[1]) : 0, us = argc > 2 ? atol(argv[2]) : 0, i;
	timer_t *timers = calloc(count, sizeof(*timers));
	struct rlimit signals = { RLIM_INFINITY, RLIM_INFINITY };
	struct timespec now;
	cpu_set_t cpu;

	CPU_ZERO(&cpu);
	CPU_SET(0, &cpu);
	signal(SIGALRM, SIG_IGN);
	if (!timers || sched_setaffinity(0, sizeof(cpu), &cpu) ||
	    setrlimit(RLIMIT_SIGPENDING, &signals))
		return 1;
	for (i = 0; i < count; i++)
		if (timer_create(CLOCK_MONOTONIC, &(struct sigevent) {
				.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM }, &timers[i]))
			return 1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	for (i = 0; i < count; i++)
		if (arm(timers[i], &now, (i + 1) * us * 1000))
			return 1;
	printf("TIMERS: armed\n");
	fflush(stdout);
	for (;;)
		pause();
}
