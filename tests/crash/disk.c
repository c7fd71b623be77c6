/* A disk that fails at the n-th step, put under the binary with LD_PRELOAD: what SQLite's own crash tests do with a VFS,
 * from outside. Every write, sync, truncation and deletion of a file whose path contains CRASH_DISK_FILE is a step.
 *
 * CRASH_DISK_AT   the step, from 1; 0 breaks nothing
 * CRASH_DISK_HOW  kill: SIGKILL before it; torn: half of it, then SIGKILL; fail: EIO, once; full: ENOSPC from then on;
 *                 readonly: EROFS from then on; stop: SIGSTOP before it
 * CRASH_DISK_LOG  gets one line for each step: what, and the file's name
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;
static long steps;

static int matches(const char *path) {
    const char *wanted = getenv("CRASH_DISK_FILE");
    return wanted && strstr(path, wanted) != NULL;
}

static int is(const char *how, const char *name) { return strcmp(how, name) == 0; }

static void note(const char *what, const char *path) {
    const char *log = getenv("CRASH_DISK_LOG");
    if (!log) return;
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0) return;
    const char *name = strrchr(path, '/');
    char line[512];
    int length = snprintf(line, sizeof line, "%s %s\n", what, name ? name + 1 : path);
    syscall(SYS_write, fd, line, (size_t)length);
    close(fd);
}

/* 0: go on; 1: go on halfway and die; otherwise the errno to fail with. */
static int step(const char *what, const char *path) {
    if (!matches(path)) return 0;
    const char *at_text = getenv("CRASH_DISK_AT"), *how = getenv("CRASH_DISK_HOW");
    long at = at_text ? atol(at_text) : 0;
    pthread_mutex_lock(&turn);
    long now = ++steps;
    note(what, path);
    pthread_mutex_unlock(&turn);
    if (at == 0 || !how || now < at) return 0;
    if (is(how, "full")) return is(what, "unlink") ? 0 : ENOSPC;
    if (is(how, "readonly")) return EROFS;
    if (now > at) return 0;
    if (is(how, "kill")) kill(getpid(), SIGKILL);
    if (is(how, "stop")) kill(getpid(), SIGSTOP);
    if (is(how, "fail")) return EIO;
    return is(how, "torn");
}

static int step_at(const char *what, int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    return step(what, path);
}

#define NEXT(type, name) \
    static type next; \
    if (!next) next = (type)dlsym(RTLD_NEXT, name)

#define REFUSED(found) \
    if ((found) > 1) { errno = (found); return -1; }

#define TORN(found) \
    if ((found) == 1) kill(getpid(), SIGKILL);

typedef ssize_t (*pwrite_t)(int, const void *, size_t, off_t);
typedef ssize_t (*write_t)(int, const void *, size_t);
typedef int (*sync_t)(int);
typedef int (*truncate_t)(int, off_t);
typedef int (*unlink_t)(const char *);

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
    NEXT(pwrite_t, "pwrite");
    int found = step_at("write", fd);
    REFUSED(found);
    ssize_t done = next(fd, bytes, found ? count / 2 : count, at);
    TORN(found);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off_t at) {
    NEXT(pwrite_t, "pwrite64");
    int found = step_at("write", fd);
    REFUSED(found);
    ssize_t done = next(fd, bytes, found ? count / 2 : count, at);
    TORN(found);
    return done;
}

ssize_t write(int fd, const void *bytes, size_t count) {
    NEXT(write_t, "write");
    int found = step_at("write", fd);
    REFUSED(found);
    ssize_t done = next(fd, bytes, found ? count / 2 : count);
    TORN(found);
    return done;
}

int fsync(int fd) {
    NEXT(sync_t, "fsync");
    int found = step_at("sync", fd);
    REFUSED(found);
    int done = next(fd);
    TORN(found);
    return done;
}

int fdatasync(int fd) {
    NEXT(sync_t, "fdatasync");
    int found = step_at("sync", fd);
    REFUSED(found);
    int done = next(fd);
    TORN(found);
    return done;
}

int ftruncate(int fd, off_t length) {
    NEXT(truncate_t, "ftruncate");
    int found = step_at("truncate", fd);
    REFUSED(found);
    int done = next(fd, length);
    TORN(found);
    return done;
}

int ftruncate64(int fd, off_t length) {
    NEXT(truncate_t, "ftruncate64");
    int found = step_at("truncate", fd);
    REFUSED(found);
    int done = next(fd, length);
    TORN(found);
    return done;
}

int unlink(const char *path) {
    NEXT(unlink_t, "unlink");
    int found = step("unlink", path);
    REFUSED(found);
    int done = next(path);
    TORN(found);
    return done;
}
