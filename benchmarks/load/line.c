/* TCP connections, with TLS or without. */

#define _GNU_SOURCE
#include "load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

static int epoll;
static SSL_CTX *context;
static struct sockaddr_in server;

/* What comes is read in here, behind what was not whole. */
static char scratch[4 << 20];

static void allowFiles(rlim_t count)
{
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur >= count)
        return;
    files.rlim_cur = count;
    if (files.rlim_max < count)
        files.rlim_max = count;
    if (setrlimit(RLIMIT_NOFILE, &files))
        fail("%ld open files are needed (see ulimit -Hn)", (long)count);
}

void prepareLines(int count)
{
    allowFiles(count + 20);
    /* Or what is due would be sent up to 50 us too late. */
    prctl(PR_SET_TIMERSLACK, 1);
    epoll = epoll_create1(0);
    server.sin_family = AF_INET;
    server.sin_port = htons(options.port);
    if (inet_pton(AF_INET, options.host, &server.sin_addr) != 1)
        fail("%s is no address", options.host);
    if (options.tls) {
        context = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_mode(context,
                         SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
}

void openLine(struct line *line)
{
    int one = 1;
    line->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (line->fd < 0)
        fail("no socket: %s", strerror(errno));
    setsockopt(line->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(line->fd, (void *)&server, sizeof server) && errno != EINPROGRESS)
        fail("no connection: %s", strerror(errno));
    line->isWanted = false;
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = line};
    epoll_ctl(epoll, EPOLL_CTL_ADD, line->fd, &event);
    if (context) {
        line->tls = SSL_new(context);
        SSL_set_fd(line->tls, line->fd);
        SSL_set_connect_state(line->tls);
    }
}

void closeLine(struct line *line)
{
    SSL_free(line->tls);
    close(line->fd);
    line->tls = NULL;
    line->fd = -1;
    line->rest.size = line->unsent.size = 0;
    line->mayEnd = false;
}

/* Have epoll tell when the socket takes more, or not. */
static void want(struct line *line, bool isWanted)
{
    if (line->isWanted == isWanted)
        return;
    line->isWanted = isWanted;
    struct epoll_event event = {.events = EPOLLIN | (isWanted ? EPOLLOUT : 0), .data.ptr = line};
    epoll_ctl(epoll, EPOLL_CTL_MOD, line->fd, &event);
}

/* A connection that fails, which only one that may end may do. */
static void broken(struct line *line, const char *why)
{
    if (!line->mayEnd)
        fail("a connection was lost: %s", why);
}

/* What became of an operation of TLS: how much was moved, 0: nothing yet, -1: the end. */
static ssize_t outcome(struct line *line, int result)
{
    if (result > 0)
        return result;
    int error = SSL_get_error(line->tls, result);
    want(line, error == SSL_ERROR_WANT_WRITE);
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return 0;
    if (error != SSL_ERROR_ZERO_RETURN)
        broken(line, ERR_peek_error() ? ERR_reason_error_string(ERR_peek_error()) : "no goodbye");
    ERR_clear_error();
    return -1;
}

static ssize_t put(struct line *line, const char *data, size_t size)
{
    ssize_t sent;
    if (line->tls) {
        sent = outcome(line, SSL_write(line->tls, data, size));
        if (sent > 0 && sent < (ssize_t)size)
            want(line, true);
        return sent;
    }
    sent = send(line->fd, data, size, MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN)
        broken(line, strerror(errno));
    if (sent < (ssize_t)size)
        want(line, true);
    return sent < 0 ? 0 : sent;
}

static ssize_t receive(struct line *line, char *into, size_t size)
{
    if (line->tls)
        return outcome(line, SSL_read(line->tls, into, size));
    ssize_t got = recv(line->fd, into, size, 0);
    if (got > 0)
        return got;
    if (got < 0 && errno == EAGAIN)
        return 0;
    if (got < 0)
        broken(line, strerror(errno));
    return -1;
}

static void keep(struct bytes *kept, const char *data, size_t size)
{
    if (size) {
        kept->at = allocate(kept->at, kept->size + size);
        memcpy(kept->at + kept->size, data, size);
        kept->size += size;
    }
}

void sendBytes(struct line *line, const char *data, size_t size)
{
    ssize_t sent = 0;
    if (!line->unsent.size)
        sent = put(line, data, size);
    if (sent >= 0)
        keep(&line->unsent, data + sent, size - sent);
}

static void flush(struct line *line)
{
    struct bytes *unsent = &line->unsent;
    ssize_t sent = put(line, unsent->at, unsent->size);
    if (sent <= 0)
        return;
    unsent->size -= sent;
    memmove(unsent->at, unsent->at + sent, unsent->size);
    if (!unsent->size)
        want(line, false);
}

/* Read once, and tell whether there may be more that epoll does not know of. */
static bool readOnce(struct line *line)
{
    size_t held = line->rest.size;
    if (held == sizeof scratch)
        fail("what the server says is too long: %.80s", line->rest.at);
    ssize_t got = receive(line, scratch + held, sizeof scratch - held);
    if (got == 0)
        return false;
    if (got < 0) {
        if (!line->mayEnd)
            fail("the server closed a connection");
        line->take(line, NULL, 0);
        return false;
    }
    if (held)
        memcpy(scratch, line->rest.at, held);
    size_t size = held + got, taken = line->take(line, scratch, size);
    if (line->fd < 0)
        return false;
    line->rest.size = 0;
    keep(&line->rest, scratch + taken, size - taken);
    return line->tls && SSL_pending(line->tls);
}

void attend(double until)
{
    static struct epoll_event events[512];
    double seconds = until - now();
    if (seconds < 0)
        seconds = 0;
    struct timespec wait = {seconds, (seconds - (time_t)seconds) * 1e9};
    int count = epoll_pwait2(epoll, events, 512, &wait, NULL);
    for (int i = 0; i < count; i++) {
        struct line *line = events[i].data.ptr;
        if (events[i].events & ~EPOLLOUT)
            while (line->fd >= 0 && readOnce(line))
                ;
        if (line->fd >= 0 && line->unsent.size)
            flush(line);
    }
}
