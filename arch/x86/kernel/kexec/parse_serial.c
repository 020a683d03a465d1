// SPDX-License-Identifier: GPL-2.0-only
/*
 * Parser of the command line of this kernel: the serial port for reports
 * between the kernels.
 *
 * The trampoline and the purgatory write to an 8250 UART by port I/O, and do not
 * set its speed.  So the port must be a console of this kernel:
 *
 *	earlyprintk=ttySN, earlyprintk=serial[,[ttyS]N|,0xPORT]
 *	console=ttySN, console=uart[8250],io,PORT
 *	earlycon=uart[8250],io,PORT
 *
 * with options behind a comma or without.  N is 0 to 3, of earlyprintk= 0 or 1.
 * UARTs that are mapped to memory (mmio, mmio16, mmio32) cannot be used.
 */
#ifdef __KERNEL__
#include <linux/string.h>
#else
#include <string.h>
#endif

#include "parse.h"

#define LAST_PORT	0xffff

/* What stands behind @prefix in @text; NULL if @text begins in another way. */
static const char *behind(const char *text, const char *prefix)
{
	size_t length = strlen(prefix);

	return strncmp(text, prefix, length) ? NULL : text + length;
}

/* Does a value end here, with or without options behind it? */
static bool is_end(char c)
{
	return !c || c == ',' || c == ' ' || c == '\t' || c == '\n';
}

static int digit_of(char c, unsigned int base)
{
	int digit = -1;

	if (c >= '0' && c <= '9')
		digit = c - '0';
	else if (c >= 'a' && c <= 'f')
		digit = c - 'a' + 10;
	else if (c >= 'A' && c <= 'F')
		digit = c - 'A' + 10;
	return digit < (int)base ? digit : -1;
}

/* A number, hexadecimal behind "0x"; 0 unless it can be a port. */
static u16 port_at(const char *text)
{
	const char *digits = behind(text, "0x");
	unsigned int base = digits ? 16 : 10;
	u32 port = 0;

	if (!digits)
		digits = text;
	for (; digit_of(*digits, base) >= 0 && port <= LAST_PORT; digits++)
		port = port * base + digit_of(*digits, base);
	return port <= LAST_PORT && is_end(*digits) ? port : 0;
}

static u16 tty_port(const char *value)
{
	static const u16 ports[] = { 0x3f8, 0x2f8, 0x3e8, 0x2e8 };
	const char *line = behind(value, "ttyS");

	if (!line || *line < '0' || *line > '3' || !is_end(line[1]))
		return 0;
	return ports[*line - '0'];
}

static u16 uart_port(const char *value)
{
	const char *name = behind(value, "uart8250");
	const char *port;

	if (!name)
		name = behind(value, "uart");
	port = name ? behind(name, ",io,") : NULL;
	return port ? port_at(port) : 0;
}

/*
 * Early printk knows two ports by number, with or without "ttyS", and takes the
 * first one for any other number.
 */
static u16 early_port(const char *text)
{
	const char *line = behind(text, "ttyS");

	if (behind(text, "0x"))
		return port_at(text);
	return tty_port(port_at(line ? line : text) == 1 ? "ttyS1" : "ttyS0");
}

static u16 earlyprintk_port(const char *value)
{
	const char *rest = behind(value, "serial");

	if (!rest)
		return behind(value, "ttyS") ? early_port(value) : 0;
	if (*rest != ',')
		return is_end(*rest) ? tty_port("ttyS0") : 0;
	return early_port(rest + 1);
}

static u16 console_port(const char *value)
{
	u16 port = tty_port(value);

	return port ? port : uart_port(value);
}

/* The port that the first parameter of this name gives. */
static u16 find_port(const char *cmdline, const char *name,
		     u16 (*port_of)(const char *value))
{
	const char *value;
	bool start = true;
	u16 port = 0;

	/* Bounded by the length of the command line. */
	for (; !port && *cmdline; cmdline++) {
		value = start ? behind(cmdline, name) : NULL;
		if (value)
			port = port_of(value);
		start = *cmdline == ' ' || *cmdline == '\t';
	}
	return port;
}

/**
 * kexec_parse_serial - find the serial port for reports on a command line
 * @cmdline: the command line of this kernel, which ends in a NUL
 *
 * earlyprintk= is preferred to console=, and console= to earlycon=.
 *
 * Return: the I/O port of an 8250 UART that is a console of this kernel, or 0.
 */
u16 kexec_parse_serial(const char *cmdline)
{
	u16 port = find_port(cmdline, "earlyprintk=", earlyprintk_port);

	if (!port)
		port = find_port(cmdline, "console=", console_port);
	return port ? port : find_port(cmdline, "earlycon=", uart_port);
}
