/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KTAP output for a program that runs a table of tests: a line for each test, and
 * a diagnostic line for the first failure in it.
 */
#ifndef KTAP_H
#define KTAP_H

#include <stdbool.h>
#include <stdio.h>

struct ktap_test {
	const char *name;
	void (*run)(void);
};

static bool ktap_failed;

/* Unless @condition is true, print a message, and return from the test. */
#define EXPECT(condition, ...) do {				\
	if (!(condition)) {					\
		ktap_failed = true;				\
		printf("# %s:%d: ", __FILE__, __LINE__);	\
		printf(__VA_ARGS__);				\
		printf("\n");					\
		return;						\
	}							\
} while (0)

/* Return: the exit status. */
static inline int ktap_run(const struct ktap_test *tests, unsigned int nr)
{
	unsigned int i, failures = 0;

	printf("KTAP version 1\n1..%u\n", nr);
	for (i = 0; i < nr; i++) {
		ktap_failed = false;
		tests[i].run();
		failures += ktap_failed;
		printf("%sok %u %s\n", ktap_failed ? "not " : "", i + 1, tests[i].name);
		fflush(stdout);
	}
	return failures != 0;
}

#endif /* KTAP_H */
