/* Time, processors, memory, latency. */

#include "load.h"

#include <stdio.h>
#include <time.h>
#include <unistd.h>

struct run run = {.start = NEVER, .end = NEVER};

static double readClock(clockid_t clock)
{
    struct timespec time;
    if (clock_gettime(clock, &time))
        fail("a process whose time should be measured has ended");
    return time.tv_sec + time.tv_nsec / 1e9;
}

double now(void)
{
    return readClock(CLOCK_MONOTONIC);
}

double ownCpu(void)
{
    return readClock(CLOCK_PROCESS_CPUTIME_ID);
}

/* All threads of all servers; Linux counts nanoseconds. */
double serverCpu(void)
{
    double sum = 0;
    for (int i = 0; i < options.pidCount; i++) {
        clockid_t clock;
        if (clock_getcpuclockid(options.pids[i], &clock))
            fail("there is no process %d", options.pids[i]);
        sum += readClock(clock);
    }
    return sum;
}

double serverRss(void)
{
    double sum = 0;
    for (int i = 0; i < options.pidCount; i++) {
        char name[64];
        long pages;
        snprintf(name, sizeof name, "/proc/%d/statm", options.pids[i]);
        FILE *file = fopen(name, "r");
        if (!file || fscanf(file, "%*d %ld", &pages) != 1)
            fail("there is no process %d", options.pids[i]);
        fclose(file);
        sum += (double)pages * sysconf(_SC_PAGESIZE);
    }
    return sum;
}

void arrived(double now, long messages)
{
    run.lastHeard = now;
    if (run.start <= now && now < run.end)
        run.messages += messages;
}

/*
 * Latencies are counted in buckets: 64 to each power of two of nanoseconds, so that
 * one is known to 1.6 %, and the longest exactly.
 */

enum { BITS = 6, PARTS = 1 << BITS };

static long buckets[64 * PARTS], taken;
static double longest;

static int bucketOf(uint64_t nanoseconds)
{
    if (nanoseconds < PARTS)
        return nanoseconds;
    int shift = 63 - __builtin_clzll(nanoseconds) - BITS;
    return (shift + 1) * PARTS + (int)((nanoseconds >> shift) - PARTS);
}

/* The middle of a bucket, seconds. */
static double middleOf(int bucket)
{
    if (bucket < PARTS)
        return bucket / 1e9;
    int shift = bucket / PARTS - 1;
    return ((double)((uint64_t)(bucket % PARTS + PARTS) << shift) + (1ull << shift) / 2.0) / 1e9;
}

/* What was due in the window has been answered. */
void tookFrom(double due, double now)
{
    if (due < run.start || due >= run.end)
        return;
    double seconds = now - due;
    buckets[bucketOf(seconds * 1e9)]++;
    taken++;
    if (seconds > longest)
        longest = seconds;
}

/* What so many of them have not exceeded; with 1, the longest. */
double latency(double part)
{
    if (part >= 1)
        return longest;
    long wanted = part * taken, passed = 0;
    for (int i = 0; i < 64 * PARTS; i++) {
        passed += buckets[i];
        if (passed > wanted)
            return middleOf(i) < longest ? middleOf(i) : longest;
    }
    return longest;
}
