// Stands before the C library and makes a disk as bad as the environment says:
//   FAIL_WHILE=FILE  every flush fails with EIO while FILE exists
//   FULL_WHILE=FILE  every write to a journal fails with ENOSPC while FILE exists
//   FLUSH_MS=N       every flush takes N ms longer
//   RO_WHILE=FILE    a journal is opened for reading only and written with EROFS while FILE exists
//   CLOCK_FILE=FILE  the wall clock is off by the seconds that FILE holds
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int is_on(const char *name) {
    const char *file = getenv(name);
    return file && access(file, F_OK) == 0;
}

static int is_journal(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "journal.db") != NULL;
}

// Why nothing may be written there now; 0 if it may.
static int forbidden(int fd) {
    if (is_on("FULL_WHILE") && is_journal(fd)) return ENOSPC;
    if (is_on("RO_WHILE") && is_journal(fd)) return EROFS;
    return 0;
}

static int flush_fails(void) {
    const char *ms = getenv("FLUSH_MS");
    if (ms) usleep(1000 * atoi(ms));
    if (!is_on("FAIL_WHILE")) return 0;
    errno = EIO;
    return 1;
}

int fsync(int fd) { return flush_fails() ? -1 : (int)syscall(SYS_fsync, fd); }
int fdatasync(int fd) { return flush_fails() ? -1 : (int)syscall(SYS_fdatasync, fd); }

ssize_t write(int fd, const void *bytes, size_t length) {
    int why = forbidden(fd);
    if (why) { errno = why; return -1; }
    return syscall(SYS_write, fd, bytes, length);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    int why = forbidden(fd);
    if (why) { errno = why; return -1; }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }

static int open_as(const char *path, int flags, mode_t mode) {
    int writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT);
    if (writes && is_on("RO_WHILE") && strstr(path, "journal.db")) { errno = EROFS; return -1; }
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}
#define OPEN(name)                                     \
    int name(const char *path, int flags, ...) {       \
        va_list more;                                  \
        va_start(more, flags);                         \
        mode_t mode = (mode_t)va_arg(more, unsigned);  \
        va_end(more);                                  \
        return open_as(path, flags, mode);             \
    }
OPEN(open)
OPEN(open64)

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = (int)syscall(SYS_clock_gettime, clock, now);
    const char *name = getenv("CLOCK_FILE");
    if (done || !name || clock != CLOCK_REALTIME) return done;
    char text[32] = {0};
    int fd = (int)syscall(SYS_openat, AT_FDCWD, name, O_RDONLY, 0);
    if (fd < 0) return 0;
    if (read(fd, text, sizeof text - 1) > 0) now->tv_sec += atol(text);
    close(fd);
    return 0;
}
