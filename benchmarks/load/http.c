/* Requests, and the answers to them. */

#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static void request(struct line *line, char *made)
{
    sendBytes(line, made, strlen(made));
    free(made);
}

void get(struct line *line, const char *url)
{
    request(line, text("GET %s HTTP/1.1\r\nHost: %s:%d\r\n\r\n", url, options.host, options.port));
}

void getWebSocket(struct line *line, const char *url)
{
    const char *offer = "Sec-WebSocket-Extensions: permessage-deflate; "
                        "client_no_context_takeover; server_no_context_takeover\r\n";
    request(line,
            text("GET %s HTTP/1.1\r\nHost: %s:%d\r\n"
                 "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                 "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                 "%s\r\n",
                 url, options.host, options.port, options.deflate ? offer : ""));
}

void post(struct line *line, const char *url, const char *type, const char *body)
{
    request(line, text("POST %s HTTP/1.1\r\nHost: %s:%d\r\n"
                       "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n%s",
                       url, options.host, options.port, type, strlen(body), body));
}

/* The value of a header, or NULL. The head ends with an empty line. */
static const char *header(const char *head, const char *end, const char *name)
{
    size_t size = strlen(name);
    for (const char *at = head; (at = memmem(at, end - at, "\r\n", 2));) {
        at += 2;
        if ((size_t)(end - at) > size && !strncasecmp(at, name, size) && at[size] == ':')
            return at + size + 1 + strspn(at + size + 1, " ");
    }
    return NULL;
}

/*
 * Put the chunks of a body together, in their place, and tell where they end; NULL:
 * they are not all there, and nothing has been changed.
 */
static char *joinChunks(struct bytes *body, char *end)
{
    for (int isJoining = 0; isJoining < 2; isJoining++) {
        char *at = body->at, *line;
        body->size = 0;
        for (;;) {
            if (!(line = memmem(at, end - at, "\r\n", 2)))
                return NULL;
            size_t size = strtoul(at, NULL, 16);
            if ((size_t)(end - line) < size + 4)
                return NULL;
            at = line + 2 + size + 2;
            if (!size)
                break;
            if (isJoining)
                memmove(body->at + body->size, line + 2, size);
            body->size += size;
        }
        if (isJoining)
            return at;
    }
    return NULL;
}

size_t readReply(struct reply *reply, char *data, size_t size)
{
    char *end = memmem(data, size, "\r\n\r\n", 4);
    if (!end)
        return 0;
    if (size < 12 || strncmp(data, "HTTP/1.1 ", 9))
        fail("no answer to a request: %.80s", data);
    /* The head's last line has its end too. */
    const char *length = header(data, end + 2, "content-length");
    const char *coding = header(data, end + 2, "transfer-encoding");
    const char *extensions = header(data, end + 2, "sec-websocket-extensions");
    reply->status = atoi(data + 9);
    reply->isCompressed = extensions && !strncmp(extensions, "permessage-deflate", 18);
    reply->body = (struct bytes){end + 4, 0};
    if (coding && !strncasecmp(coding, "chunked", 7)) {
        char *last = joinChunks(&reply->body, data + size);
        return last ? last - data : 0;
    }
    if (length)
        reply->body.size = strtoul(length, NULL, 10);
    size_t whole = end + 4 - data + reply->body.size;
    return size < whole ? 0 : whole;
}
