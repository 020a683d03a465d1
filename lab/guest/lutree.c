// SPDX-License-Identifier: GPL-2.0-only
/*
 * lutree: trees of files, to see whether a tmpfs is the same after a live update.
 *
 *	lutree make DIR SHAPE	make a tree in DIR, which is on a tmpfs
 *	lutree sum DIR		print all that there is to know of a tree, a line for each name
 *
 * SHAPE is one of those below, or "all": each in a directory of its own, but for "unlinked", whose
 * files count in what is used and do not cross. What "sum" prints is sorted by name and is the same
 * on both sides; only the numbers of devices are left out. It changes nothing that it prints: files
 * are opened with O_NOATIME, and "make" gives symbolic links a time of access in the future, which
 * readlink(2) leaves alone.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#define PAGE		4096
#define MANY		10000
#define DEEP		200
#define FAR		4000000000	/* seconds: in the year 2096 */
#define FNV_START	0xcbf29ce484222325ULL
#define FNV_PRIME	0x100000001b3ULL

static char path[1 << 20];

static void die(const char *what)
{
	printf("LUTREE: cannot go on: %s: %s: %s\n", what, path, strerror(errno));
	exit(2);
}

static void must(int failed, const char *what)
{
	if (failed)
		die(what);
}

static uint64_t fnv(uint64_t hash, const void *data, size_t size)
{
	const unsigned char *byte = data;

	while (size--)
		hash = (hash ^ *byte++) * FNV_PRIME;
	return hash;
}

/* ---- make ---- */

static int create(const char *name)
{
	int fd = open(name, O_CREAT | O_EXCL | O_RDWR, 0644);

	snprintf(path, sizeof(path), "%s", name);
	must(fd < 0, "open");
	return fd;
}

/* Bytes that tell their place. */
static void put(int fd, off_t at, size_t size)
{
	static unsigned char data[1 << 16];
	size_t i, part;

	for (; size; size -= part, at += part) {
		part = size < sizeof(data) ? size : sizeof(data);
		for (i = 0; i < part; i++)
			data[i] = ((at + i) * 2654435761u) >> 13;
		must(pwrite(fd, data, part, at) != (ssize_t)part, "pwrite");
	}
}

static void file_of(const char *name, size_t size)
{
	int fd = create(name);

	put(fd, 0, size);
	close(fd);
}

static void make_empty(void)
{
}

static void make_sizes(void)
{
	file_of("nothing", 0);
	file_of("one", 1);
	file_of("less", PAGE - 1);
	file_of("page", PAGE);
	file_of("more", PAGE + 1);
	file_of("large", 3000001);
}

static void make_sparse(void)
{
	int fd = create("sparse");

	put(fd, 0, 1);
	put(fd, 10 << 20, 3 * PAGE);
	must(ftruncate(fd, 1LL << 40), "ftruncate");
	put(fd, (1LL << 39) + 5, 100);
	close(fd);

	fd = create("hole");
	must(ftruncate(fd, 123456), "ftruncate");
	close(fd);

	fd = create("punched");
	put(fd, 0, 64 * PAGE);
	must(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 3 * PAGE, 20 * PAGE + 7),
	     "punch");
	close(fd);

	fd = create("reserved");
	must(fallocate(fd, 0, 0, 16 * PAGE), "fallocate");
	must(fallocate(fd, FALLOC_FL_KEEP_SIZE, 32 * PAGE, 4 * PAGE), "fallocate");
	put(fd, PAGE, PAGE);
	close(fd);
}

static void make_many(void)
{
	char name[32];
	int i;

	for (i = 0; i < MANY; i++) {
		snprintf(name, sizeof(name), "file%d", i);
		file_of(name, i % 100);
	}
	/* holes among the positions of the directory */
	for (i = 0; i < MANY; i += 7) {
		snprintf(name, sizeof(name), "file%d", i);
		must(unlink(name), "unlink");
	}
}

static void at_times(const char *name, time_t atime, time_t mtime)
{
	struct timespec times[2] = { { atime, 123456789 }, { mtime, 987654321 } };

	must(utimensat(AT_FDCWD, name, times, AT_SYMLINK_NOFOLLOW), "utimensat");
}

static void make_owners(void)
{
	char name[32];
	int mode;

	for (mode = 0; mode < 010000; mode += 0213) {
		snprintf(name, sizeof(name), "mode%o", mode);
		file_of(name, 10);
		must(lchown(name, mode, 100000 + mode), "lchown");
		must(chmod(name, mode), "chmod");
		at_times(name, FAR, mode * 1000);
	}
	must(mkdir("sticky", 0755), "mkdir");
	must(chmod("sticky", 03711), "chmod");
	must(lchown("sticky", 1, 2), "lchown");
	file_of("sticky/inside", 1);
	at_times("sticky", 5, -5);
	file_of("old", 1);
	at_times("old", -1000000, -2000000000);
}

static void make_links(void)
{
	char target[PAGE];

	must(mkdir("a", 0700), "mkdir");
	must(mkdir("b", 0700), "mkdir");
	file_of("a/first", 5000);
	must(link("a/first", "b/second"), "link");
	must(link("a/first", "third"), "link");
	must(rename("third", "b/third"), "rename");
	memset(target, 't', sizeof(target));
	target[sizeof(target) - 1] = 0;
	must(symlink("a/first", "short"), "symlink");
	must(symlink(target, "longest"), "symlink");
	target[127] = 0;
	must(symlink(target, "a/swappable"), "symlink");
	must(link("short", "b/symlink-again"), "link");
	must(lchown("short", 7, 8), "lchown");
	at_times("short", FAR, 3);
	at_times("longest", FAR, 4);
	at_times("a/swappable", FAR, 5);
	/* a directory that is older than what is in it, and names that have moved */
	must(mkdir("moved", 0755), "mkdir");
	must(rename("b", "moved/b"), "rename");
	must(renameat2(AT_FDCWD, "a", AT_FDCWD, "moved", RENAME_EXCHANGE), "renameat2");
}

static void make_special(void)
{
	must(mkfifo("fifo", 0640), "mkfifo");
	must(link("fifo", "fifo-again"), "link");
	must(mknod("whiteout", S_IFCHR, makedev(0, 0)), "mknod");
	at_times("fifo", 1, 2);
}

static void flag(const char *name, int flags)
{
	int fd = open(name, O_RDONLY);

	must(fd < 0 || ioctl(fd, FS_IOC_SETFLAGS, &flags), "FS_IOC_SETFLAGS");
	close(fd);
}

/* user::rw-, user:1000:r--, group::r--, mask::r--, other::---, and as the default of a directory */
static void acl(const char *name, const char *attribute)
{
	static const struct {
		uint32_t version;
		struct {
			uint16_t tag, perm;
			uint32_t id;
		} entry[5];
	} value = {
		2, { { 1, 6, -1 }, { 2, 4, 1000 }, { 4, 4, -1 }, { 16, 4, -1 }, { 32, 0, -1 } }
	};

	must(setxattr(name, attribute, &value, sizeof(value), 0) && errno != EOPNOTSUPP, "an ACL");
}

static void make_attributes(void)
{
	static char value[65536];
	int i;

	for (i = 0; i < (int)sizeof(value); i++)
		value[i] = i * 7 >> 3;
	file_of("file", 1);
	must(mkdir("dir", 0755), "mkdir");
	must(symlink("file", "link"), "symlink");
	at_times("link", FAR, 1);
	must(setxattr("file", "user.empty", value, 0, 0), "setxattr");
	must(setxattr("file", "user.large", value, sizeof(value), 0), "setxattr");
	must(setxattr("file", "trusted.binary", value, 100, 0), "setxattr");
	must(setxattr("file", "security.other", value, 3, 0), "setxattr");
	must(setxattr("dir", "user.of-a-directory", "x", 1, 0), "setxattr");
	must(lsetxattr("link", "trusted.of-a-link", "y", 1, 0), "setxattr");
	acl("dir", "system.posix_acl_default");
	file_of("dir/inherits", 1);
	acl("file", "system.posix_acl_access");
	file_of("nodump", 1);
	flag("nodump", FS_NODUMP_FL | FS_NOATIME_FL);
	file_of("append", 1);
	flag("append", FS_APPEND_FL);
	must(mkdir("immutable", 0755), "mkdir");
	file_of("immutable/too", 1);
	flag("immutable/too", FS_IMMUTABLE_FL);
	flag("immutable", FS_IMMUTABLE_FL);
}

static void make_names(void)
{
	char name[256];
	int i;

	memset(name, 'n', 255);
	name[255] = 0;
	file_of(name, 3);
	name[0] = '\n';
	must(mkdir(name, 0755), "mkdir");
	for (i = 0; i < 40; i++)
		name[i] = 128 + i;
	file_of(name, 4);
	file_of("...", 1);
	file_of(" ", 1);
}

static void make_deep(void)
{
	int i;

	for (i = 0; i < DEEP; i++) {
		must(mkdir("down", 0755) || chdir("down"), "mkdir");
		file_of("beside", i);
	}
}

/* A process has them open. */
static void make_unlinked(void)
{
	int fd = create("gone");
	pid_t pid;

	put(fd, 0, 10000);
	must(unlink("gone"), "unlink");
	must(open(".", O_TMPFILE | O_RDWR, 0600) < 0, "O_TMPFILE");
	file_of("stays", 10);
	fflush(stdout);
	pid = fork();
	must(pid < 0, "fork");
	if (!pid) {
		setsid();
		for (fd = 0; fd < 3; fd++)
			close(fd);
		for (;;)
			pause();
	}
}

static const struct {
	const char *name;
	void (*make)(void);
} shapes[] = {
	{ "empty", make_empty },
	{ "sizes", make_sizes },
	{ "sparse", make_sparse },
	{ "many", make_many },
	{ "owners", make_owners },
	{ "links", make_links },
	{ "special", make_special },
	{ "attributes", make_attributes },
	{ "names", make_names },
	{ "deep", make_deep },
	{ "unlinked", make_unlinked },
};

#define SHAPES (sizeof(shapes) / sizeof(*shapes))

static int make(const char *dir, const char *shape)
{
	int top, found = 0, all = !strcmp(shape, "all");
	unsigned int i;

	umask(0);
	snprintf(path, sizeof(path), "%s", dir);
	must(chdir(dir), "chdir");
	top = open(".", O_RDONLY | O_DIRECTORY);
	must(top < 0, "open");
	for (i = 0; i < SHAPES; i++) {
		if (all ? shapes[i].make == make_unlinked : strcmp(shape, shapes[i].name))
			continue;
		found = 1;
		if (all)
			must(mkdir(shapes[i].name, 0755) || chdir(shapes[i].name), "mkdir");
		shapes[i].make();
		must(fchdir(top), "fchdir");
	}
	return found;
}

/* ---- sum ---- */

static void print_escaped(const char *text, size_t size)
{
	for (; size; size--, text++) {
		if (*text > ' ' && *text < 127 && *text != '\\')
			putchar(*text);
		else
			printf("\\%02x", (unsigned char)*text);
	}
}

static void print_time(const char *name, const struct statx_timestamp *time)
{
	printf(" %s=%lld.%09u", name, (long long)time->tv_sec, time->tv_nsec);
}

static void print_stat(int dir, const char *name, struct statx *st)
{
	must(statx(dir, name, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH, STATX_ALL, st), "statx");
	printf(" %06o %u:%u nlink=%u size=%llu blocks=%llu ino=%llu", st->stx_mode, st->stx_uid,
	       st->stx_gid, st->stx_nlink, (unsigned long long)st->stx_size,
	       (unsigned long long)st->stx_blocks, (unsigned long long)st->stx_ino);
	printf(" rdev=%u,%u flags=%llx", st->stx_rdev_major, st->stx_rdev_minor,
	       (unsigned long long)st->stx_attributes & ~STATX_ATTR_MOUNT_ROOT);
	print_time("atime", &st->stx_atime);
	print_time("mtime", &st->stx_mtime);
	print_time("ctime", &st->stx_ctime);
	print_time("btime", &st->stx_btime);
}

static void print_handle(int dir, const char *name)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle = { .head.handle_bytes = MAX_HANDLE_SZ };
	int id;
	unsigned int i;

	if (name_to_handle_at(dir, name, &handle.head, &id, AT_EMPTY_PATH))
		return;
	printf(" handle=");
	for (i = 0; i < handle.head.handle_bytes; i++)
		printf("%02x", handle.bytes[i]);
}

/* By /proc, because neither an O_PATH descriptor nor a long path will do. */
static void print_xattrs(int dir, const char *name)
{
	static char list[1 << 16], value[1 << 16];
	char *at, where[512];
	ssize_t size, length;

	snprintf(where, sizeof(where), "/proc/self/fd/%d/%s", dir, name);
	size = llistxattr(where, list, sizeof(list));
	must(size < 0 && errno != EOPNOTSUPP, "llistxattr");
	for (at = list; size > 0 && at < list + size; at += strlen(at) + 1) {
		length = lgetxattr(where, at, value, sizeof(value));
		must(length < 0, "lgetxattr");
		printf(" %s=%zd:%016llx", at, length,
		       (unsigned long long)fnv(FNV_START, value, length));
	}
}

static void print_content(int dir, const char *name, off_t size)
{
	int fd = openat(dir, name, O_RDONLY | O_NOATIME);
	off_t data = 0, hole;
	uint64_t hash = FNV_START;
	static char part[1 << 16];
	ssize_t got;

	must(fd < 0, "open");
	printf(" map=");
	while (data < size) {
		data = lseek(fd, data, SEEK_DATA);
		if (data < 0)
			break;
		hole = lseek(fd, data, SEEK_HOLE);
		printf("%llx-%llx,", (long long)data, (long long)hole);
		for (; data < hole; data += got) {
			got = pread(fd, part, hole - data < (off_t)sizeof(part) ?
				    hole - data : (off_t)sizeof(part), data);
			must(got <= 0, "pread");
			hash = fnv(hash, part, got);
		}
	}
	printf(" sum=%016llx", (unsigned long long)hash);
	close(fd);
}

static void print_target(int dir, const char *name)
{
	char target[PAGE];
	ssize_t size = readlinkat(dir, name, target, sizeof(target));

	must(size < 0, "readlink");
	printf(" -> ");
	print_escaped(target, size);
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names, sorted; and their order and positions in a number. */
static char **names_of(int dir, size_t *nr, uint64_t *order)
{
	DIR *stream = fdopendir(dup(dir));
	char **names = NULL;
	struct dirent *entry;

	must(!stream, "fdopendir");
	rewinddir(stream);
	*nr = 0;
	*order = FNV_START;
	while ((entry = readdir(stream))) {
		*order = fnv(*order, entry->d_name, strlen(entry->d_name));
		*order = fnv(*order, &entry->d_off, sizeof(entry->d_off));
		if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, ".."))
			continue;
		if (!(*nr & (*nr - 1)))
			names = realloc(names, (*nr ? *nr * 2 : 1) * sizeof(*names));
		must(!names, "realloc");
		names[(*nr)++] = strdup(entry->d_name);
	}
	closedir(stream);
	if (*nr)
		qsort(names, *nr, sizeof(*names), by_name);
	return names;
}

static void sum(int parent, const char *name, size_t length);

static void sum_directory(int parent, const char *name, size_t length)
{
	int dir = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOATIME);
	uint64_t order;
	size_t nr, i;
	char **names;

	must(dir < 0, "open");
	names = names_of(dir, &nr, &order);
	printf(" order=%016llx\n", (unsigned long long)order);
	for (i = 0; i < nr; i++) {
		sum(dir, names[i], length);
		free(names[i]);
	}
	free(names);
	close(dir);
}

static void sum(int parent, const char *name, size_t length)
{
	struct statx st;

	length += snprintf(path + length, sizeof(path) - length, "/%s", name);
	print_escaped(path, length);
	print_stat(parent, name, &st);
	print_handle(parent, name);
	print_xattrs(parent, name);
	if (S_ISREG(st.stx_mode))
		print_content(parent, name, st.stx_size);
	if (S_ISLNK(st.stx_mode))
		print_target(parent, name);
	if (S_ISDIR(st.stx_mode))
		sum_directory(parent, name, length);
	else
		putchar('\n');
	path[length - strlen(name) - 1] = 0;
}

static void sum_whole(int dir)
{
	struct statfs fs;

	must(fstatfs(dir, &fs), "fstatfs");
	printf("blocks=%llu free=%llu inodes=%llu free=%llu fsid=%08x%08x\n",
	       (unsigned long long)fs.f_blocks, (unsigned long long)fs.f_bfree,
	       (unsigned long long)fs.f_files, (unsigned long long)fs.f_ffree,
	       fs.f_fsid.__val[0], fs.f_fsid.__val[1]);
}

int main(int argc, char **argv)
{
	int dir;

	if (argc == 4 && !strcmp(argv[1], "make") && make(argv[2], argv[3]))
		return 0;
	if (argc == 3 && !strcmp(argv[1], "sum")) {
		dir = open(argv[2], O_RDONLY | O_DIRECTORY | O_NOATIME);
		must(dir < 0, argv[2]);
		sum_whole(dir);
		sum(dir, ".", 0);
		return 0;
	}
	printf("Usage: lutree make DIR SHAPE\n       lutree sum DIR\n");
	return 1;
}
