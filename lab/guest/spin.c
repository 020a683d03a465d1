// SPDX-License-Identifier: GPL-2.0-only
/*
 * spin CPU...: keep each of these CPUs busy in user mode, with registers that a
 * dump can be recognised by: r14 is 0x5e1f, r15 the number of the CPU.
 *
 *	SPIN: cpu N pid P	as soon as it runs there
 */
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define MARK	0x5e1fUL

static void spin_on(unsigned long cpu, volatile unsigned int *running)
{
	register unsigned long mark asm("r14") = MARK;
	register unsigned long number asm("r15") = cpu;
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		_exit(1);
	printf("SPIN: cpu %lu pid %d\n", cpu, getpid());
	fflush(stdout);
	__sync_fetch_and_add(running, 1);
	asm volatile("1: pause; jmp 1b" : : "r" (mark), "r" (number));
}

int main(int argc, char **argv)
{
	volatile unsigned int *running = mmap(NULL, sizeof(*running), PROT_READ | PROT_WRITE,
					      MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	for (int i = 1; i < argc; i++)
		if (!fork())
			spin_on(strtoul(argv[i], NULL, 0), running);
	while (*running < (unsigned int)argc - 1)
		usleep(1000);
	return 0;
}
