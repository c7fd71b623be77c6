/* A wall clock that is wrong, put under the binary with LD_PRELOAD.
 *
 * CRASH_CLOCK_AHEAD_S   how many seconds it is ahead; negative is behind
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>

static long ahead(void) {
    const char *seconds = getenv("CRASH_CLOCK_AHEAD_S");
    return seconds ? atol(seconds) : 0;
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    static int (*real)(clockid_t, struct timespec *);
    if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
    int answered = real(clock, now);
    if (answered == 0 && clock == CLOCK_REALTIME) now->tv_sec += ahead();
    return answered;
}

int gettimeofday(struct timeval *now, void *zone) {
    static int (*real)(struct timeval *, void *);
    if (!real) real = (int (*)(struct timeval *, void *))dlsym(RTLD_NEXT, "gettimeofday");
    int answered = real(now, zone);
    if (answered == 0) now->tv_sec += ahead();
    return answered;
}
