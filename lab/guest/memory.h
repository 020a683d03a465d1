/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What a call takes of free memory: at its peak, and for good.
 */
#ifndef LAB_GUEST_MEMORY_H
#define LAB_GUEST_MEMORY_H

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

static unsigned long free_kib(void)
{
	struct sysinfo info;

	sysinfo(&info);
	return info.freeram * info.mem_unit / 1024;
}

struct memory {
	pthread_t thread;
	atomic_int sampling;
	unsigned long before;
	unsigned long lowest;
};

static void *memory_sample(void *arg)
{
	struct memory *m = arg;
	unsigned long now;

	m->lowest = free_kib();
	for (atomic_store(&m->sampling, 1); atomic_load(&m->sampling);) {
		now = free_kib();
		if (now < m->lowest)
			m->lowest = now;
		usleep(200);
	}
	return NULL;
}

/* 0, or the error that pthread_create() returned */
static int memory_start(struct memory *m)
{
	int err;

	atomic_store(&m->sampling, 0);
	err = pthread_create(&m->thread, NULL, memory_sample, m);
	if (err)
		return err;
	while (!atomic_load(&m->sampling))
		sched_yield();
	m->before = free_kib();
	return 0;
}

static void memory_report(struct memory *m, const char *who)
{
	atomic_store(&m->sampling, 0);
	pthread_join(m->thread, NULL);
	printf("%s: memory before=%lu peak=%ld kept=%ld KiB\n", who, m->before,
	       (long)(m->before - m->lowest), (long)(m->before - free_kib()));
}

#endif
