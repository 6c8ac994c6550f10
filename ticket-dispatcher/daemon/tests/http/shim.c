// Stands before the C library and makes a disk as bad as the environment says:
//   FAIL_WHILE=FILE  every flush fails with EIO while FILE exists
//   FULL_WHILE=FILE  every write to a journal fails with ENOSPC while FILE exists
//   FLUSH_MS=N       every flush takes N ms longer
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int is_on(const char *name) {
    const char *file = getenv(name);
    return file && access(file, F_OK) == 0;
}

static int is_full(int fd) {
    char link[64], path[4096];
    if (!is_on("FULL_WHILE")) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return strstr(path, "journal.db") != NULL;
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
    if (is_full(fd)) { errno = ENOSPC; return -1; }
    return syscall(SYS_write, fd, bytes, length);
}
ssize_t pwrite64(int fd, const void *bytes, size_t length, off64_t at) {
    if (is_full(fd)) { errno = ENOSPC; return -1; }
    return syscall(SYS_pwrite64, fd, bytes, length, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at) { return pwrite64(fd, bytes, length, at); }
