/*
 * The command line, the course of a run, what it prints: one object of JSON.
 *
 *     "bytes"       of the message on the wire
 *     "messages"    in the window: answers to echo, deliveries of fanout, connections,
 *                   round trips of polling, clients that are idle
 *     "heartbeats"  that clients have sent or answered, from the beginning
 *     "cpu", "own"  seconds of processors in the window: the servers', and its own
 *     "rss_before", "rss_after"  bytes that the servers held then
 *     "latency"     seconds, of what was due in the window: until the answer has come,
 *                   until all have the broadcast, until a client is up
 */

#define _GNU_SOURCE
#include "load.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char usage[] =
    "load WORK --port N [OPTIONS]\n\n"
    "WORK is echo, fanout, connect, polling or idle.\n\n"
    "--host ADDRESS      127.0.0.1\n"
    "--path PATH         /socket.io/\n"
    "--dialect NAME      eio4, eio3, colon or annotated\n"
    "--clients N         how many there are; for connect, see --inflight\n"
    "--inflight N        messages under way of each client; broadcasts, or connections, of all\n"
    "--payload FILE      with the argument of the event, as JSON\n"
    "--warmup SECONDS    before the window begins\n"
    "--seconds SECONDS   how long it is; for idle, how long all have to settle\n"
    "--rate N            messages a second of all clients, answered or not; for echo\n"
    "--pid PID           of a server's process; repeatable\n"
    "--tls               without looking at the certificate\n"
    "--deflate           permessage-deflate, without context takeover\n"
    "--patience SECONDS  how long nothing may come of what is under way\n"
    "--seed N            of what is random\n";

struct options options = {
    .host = "127.0.0.1",
    .path = "/socket.io/",
    .clients = 1,
    .inflight = 1,
    .seconds = 1,
    .warmup = 1,
    .patience = 30,
    .seed = 88172645463325252,
};

const struct dialect *dialect;

void fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("load: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    exit(1);
}

void *allocate(void *old, size_t size)
{
    void *made = realloc(old, size);
    if (!made)
        fail("no memory");
    return made;
}

char *text(const char *format, ...)
{
    char *made;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&made, format, arguments) < 0)
        fail("no memory");
    va_end(arguments);
    return made;
}

/* A whole file, without the line feeds at its end. */
static char *contents(const char *name)
{
    struct stat about;
    FILE *file = fopen(name, "r");
    if (!file || fstat(fileno(file), &about))
        fail("%s: %s", name, strerror(errno));
    char *read = allocate(NULL, about.st_size + 1);
    size_t size = fread(read, 1, about.st_size, file);
    fclose(file);
    while (size && read[size - 1] == '\n')
        size--;
    read[size] = 0;
    return read;
}

enum { HELP = 256 };

static void parse(int count, char **arguments)
{
    static const struct option known[] = {
        {"host", required_argument, NULL, 'h'},     {"port", required_argument, NULL, 'p'},
        {"path", required_argument, NULL, 'u'},     {"dialect", required_argument, NULL, 'd'},
        {"clients", required_argument, NULL, 'c'},  {"inflight", required_argument, NULL, 'i'},
        {"payload", required_argument, NULL, 'f'},  {"seconds", required_argument, NULL, 's'},
        {"warmup", required_argument, NULL, 'w'},   {"rate", required_argument, NULL, 'r'},
        {"pid", required_argument, NULL, 'o'},      {"seed", required_argument, NULL, 'e'},
        {"patience", required_argument, NULL, 'a'}, {"tls", no_argument, NULL, 't'},
        {"deflate", no_argument, NULL, 'z'},        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0},
    };
    dialect = dialectNamed("eio4");
    for (int each; (each = getopt_long(count, arguments, "", known, NULL)) != -1;)
        switch (each) {
        case 'h': options.host = optarg; break;
        case 'p': options.port = atoi(optarg); break;
        case 'u': options.path = optarg; break;
        case 'd': dialect = dialectNamed(optarg); break;
        case 'c': options.clients = atoi(optarg); break;
        case 'i': options.inflight = atoi(optarg); break;
        case 'f': options.payload = contents(optarg); break;
        case 's': options.seconds = atof(optarg); break;
        case 'w': options.warmup = atof(optarg); break;
        case 'r': options.rate = atof(optarg); break;
        case 'e': options.seed ^= strtoull(optarg, NULL, 10) << 32; break;
        case 'a': options.patience = atof(optarg); break;
        case 't': options.tls = true; break;
        case 'z': options.deflate = true; break;
        case 'o':
            options.pids = allocate(options.pids, (options.pidCount + 1) * sizeof(int));
            options.pids[options.pidCount++] = atoi(optarg);
            break;
        case HELP: fputs(usage, stdout); exit(0);
        default: fail("see --help");
        }
    if (optind != count - 1)
        fail("say what to do: echo, fanout, connect, polling or idle");
    work = workNamed(arguments[optind]);
    if (options.port < 1 || options.clients < 1 || options.inflight < 1)
        fail("--port, --clients and --inflight are numbers from 1");
    if (work->isPolling && options.inflight > 1)
        fail("a client that polls waits for each answer: --inflight 1");
    if (options.rate && strcmp(work->name, "echo"))
        fail("--rate is for echo");
    if (!options.payload)
        options.payload = "\"0123456789\"";
}

static double sooner(double one, double other)
{
    return one < other ? one : other;
}

void checkSilence(void)
{
    if (now() - run.lastHeard > options.patience)
        fail("nothing came for %g seconds", options.patience);
}

/* Go on until then, or until nothing is under way where nothing more is sent. */
static void course(double until)
{
    for (double time; (time = now()) < until && (!run.isEnding || run.underway);) {
        beat(time);
        double next = work->pace(time);
        attend(sooner(sooner(next, until), time + 0.1));
        if (run.underway)
            checkSilence();
    }
}

static void measure(void)
{
    work->begin();
    course(now() + options.warmup);
    run.rssBefore = serverRss();
    run.cpu = -serverCpu();
    run.own = -ownCpu();
    run.start = now();
    if (work->start)
        work->start();
    course(now() + options.seconds);
    run.end = now();
    run.own += ownCpu();
    run.cpu += serverCpu();
    run.rssAfter = serverRss();
    /* Nothing may be missing in the end. */
    run.isEnding = true;
    course(NEVER);
}

static void print(void)
{
    printf("{\"work\": \"%s\", \"dialect\": \"%s\", \"clients\": %d, \"inflight\": %d, ", work->name,
           dialect->name, options.clients, options.inflight);
    printf("\"bytes\": %zu, \"messages\": %ld, \"seconds\": %.6f, ", message.wire.size,
           run.messages, run.end - run.start);
    printf("\"heartbeats\": %ld, ", run.heartbeats);
    printf("\"cpu\": %.6f, \"own\": %.6f, ", run.cpu, run.own);
    printf("\"rss_before\": %.0f, \"rss_after\": %.0f, ", run.rssBefore, run.rssAfter);
    printf("\"latency\": {\"p50\": %.7f, \"p90\": %.7f, \"p99\": %.7f, \"max\": %.7f}}\n",
           latency(0.5), latency(0.9), latency(0.99), latency(1));
}

int main(int count, char **arguments)
{
    parse(count, arguments);
    prepareMessage(&message, dialect->event(work->event, options.payload));
    prepareClients(1 + (options.clients > options.inflight ? options.clients : options.inflight));
    run.lastHeard = now();
    measure();
    print();
    return 0;
}
