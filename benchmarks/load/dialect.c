/* The words of each generation; docs/protocol.rst tells them in full. */

#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>

static bool begins(struct bytes packet, const char *with)
{
    size_t size = strlen(with);
    return packet.size >= size && !memcmp(packet.at, with, size);
}

static bool is(struct bytes packet, const char *what)
{
    return packet.size == strlen(what) && begins(packet, what);
}

static char *copy(const char *from, size_t size)
{
    return text("%.*s", (int)size, from);
}

/* The UTF-16 code units of a text. */
static size_t unitsOf(const char *text)
{
    size_t units = 0;
    for (; *text; text++)
        units += (*text & 0xc0) != 0x80 ? 1 + ((unsigned char)*text >= 0xf0) : 0;
    return units;
}

/* Take so many units from the beginning of a body; false: it has not as many. */
static bool cutUnits(struct bytes *body, size_t units, struct bytes *packet)
{
    char *end = body->at + body->size, *at = body->at;
    while (at < end && (units || (*at & 0xc0) == 0x80)) {
        if ((*at & 0xc0) != 0x80)
            units -= 1 + (units > 1 && (unsigned char)*at >= 0xf0);
        at++;
    }
    *packet = (struct bytes){body->at, at - body->at};
    *body = (struct bytes){at, end - at};
    return !units;
}

/* Take what stands in the beginning. */
static bool cutWord(struct bytes *body, const char *word)
{
    if (!begins(*body, word))
        return false;
    *body = (struct bytes){body->at + strlen(word), body->size - strlen(word)};
    return true;
}

/* Take a number. */
static bool cutNumber(struct bytes *body, size_t *number)
{
    size_t digits = 0;
    for (*number = 0; digits < body->size && strchr("0123456789", body->at[digits]); digits++)
        *number = *number * 10 + body->at[digits] - '0';
    *body = (struct bytes){body->at + digits, body->size - digits};
    return digits;
}

static char *itself(const char *packet)
{
    return text("%s", packet);
}

/* Engine.IO 4 and 3. */

static char *engineEvent(const char *name, const char *argument)
{
    return text("42[\"%s\",%s]", name, argument);
}

static char *engineUrl(int revision, const char *transport, const char *sid)
{
    return text("%s?EIO=%d&transport=%s%s%s", options.path, revision, transport,
                sid ? "&sid=" : "", sid ? sid : "");
}

static char *engine4Url(const char *transport, const char *sid, bool isPost)
{
    (void)isPost;
    return engineUrl(4, transport, sid);
}

static char *engine3Url(const char *transport, const char *sid, bool isPost)
{
    (void)isPost;
    return engineUrl(3, transport, sid);
}

static char *engineSid(struct bytes packet)
{
    char *at = memmem(packet.at, packet.size, "\"sid\":\"", 7);
    char *end = at ? memchr(at + 7, '"', packet.at + packet.size - at - 7) : NULL;
    return end ? copy(at + 7, end - at - 7) : NULL;
}

static enum meaning engine4Mean(struct bytes packet)
{
    return begins(packet, "0{") ? OPENED
           : begins(packet, "40{") ? JOINED
           : is(packet, "2") ? BEAT
           : is(packet, "6") ? NOTHING : WRONG;
}

static enum meaning engine3Mean(struct bytes packet)
{
    return begins(packet, "0{") ? OPENED
           : is(packet, "40") ? JOINED
           : is(packet, "3") || is(packet, "6") ? NOTHING : WRONG;
}

static bool engine4Cut(struct bytes *body, struct bytes *packet)
{
    char *end = memchr(body->at, '\x1e', body->size);
    size_t size = end ? (size_t)(end - body->at) : body->size;
    *packet = (struct bytes){body->at, size};
    size += end != NULL;
    *body = (struct bytes){body->at + size, body->size - size};
    return true;
}

static bool engine3Cut(struct bytes *body, struct bytes *packet)
{
    size_t units;
    return cutNumber(body, &units) && cutWord(body, ":") && cutUnits(body, units, packet);
}

static char *engine3Body(const char *packet)
{
    return text("%zu:%s", unitsOf(packet), packet);
}

/* Socket.IO 0.7 to 0.9. */

static char *colonEvent(const char *name, const char *argument)
{
    return text("5:::{\"name\":\"%s\",\"args\":[%s]}", name, argument);
}

static char *colonUrl(const char *transport, const char *sid, bool isPost)
{
    (void)isPost;
    return sid ? text("%s1/%s/%s", options.path, transport, sid) : text("%s1/", options.path);
}

static char *colonSid(struct bytes told)
{
    char *end = memchr(told.at, ':', told.size);
    return end ? copy(told.at, end - told.at) : NULL;
}

static enum meaning colonMean(struct bytes packet)
{
    return is(packet, "1::") ? JOINED
           : begins(packet, "2:") ? BEAT
           : begins(packet, "8:") ? NOTHING : WRONG;
}

/* One packet stands alone; of several, each has its length before it. */
static bool colonCut(struct bytes *body, struct bytes *packet)
{
    const char *mark = "\xef\xbf\xbd";
    size_t units;
    if (cutWord(body, mark))
        return cutNumber(body, &units) && cutWord(body, mark) && cutUnits(body, units, packet);
    *packet = *body;
    body->size = 0;
    return true;
}

/* The first protocol, in the form that who has not said anything yet is answered in. */

static char *firstEvent(const char *name, const char *argument)
{
    char *data = text("e:%s\nj:[%s]", name, argument);
    char *frame = text("1:%zu:%s,", unitsOf(data), data);
    free(data);
    return frame;
}

static char *firstUrl(const char *transport, const char *sid, bool isPost)
{
    return text("%s%s/%s%s", options.path, transport, sid ? sid : "",
                !sid ? "" : isPost ? "/send" : "/0");
}

static char *firstSid(struct bytes packet)
{
    size_t units;
    struct bytes id;
    bool isId = cutWord(&packet, "3:") && cutNumber(&packet, &units) && cutWord(&packet, ":") &&
                cutUnits(&packet, units, &id);
    return isId ? copy(id.at, id.size) : NULL;
}

/* Whoever has an id is in the default namespace. */
static enum meaning firstMean(struct bytes packet)
{
    return begins(packet, "3:") ? JOINED : begins(packet, "2:") ? BEAT : WRONG;
}

static bool firstCut(struct bytes *body, struct bytes *packet)
{
    struct bytes rest = *body;
    size_t type, units;
    bool isFrame = cutNumber(&rest, &type) && cutWord(&rest, ":") && cutNumber(&rest, &units) &&
                   cutWord(&rest, ":") && cutUnits(&rest, units, packet) && cutWord(&rest, ",");
    *packet = (struct bytes){body->at, rest.at - body->at};
    *body = rest;
    return isFrame;
}

/* A form with one field. */
static char *firstBody(const char *packet)
{
    char *body = allocate(NULL, 5 + 3 * strlen(packet) + 1), *at = stpcpy(body, "data=");
    for (; *packet; packet++) {
        *at++ = '%';
        *at++ = "0123456789ABCDEF"[*packet >> 4 & 15];
        *at++ = "0123456789ABCDEF"[*packet & 15];
    }
    *at = 0;
    return body;
}

static const struct dialect dialects[] = {
    {
        .name = "eio4",
        .polling = "polling",
        .receipt = "ok",
        .type = "text/plain;charset=UTF-8",
        .join = "40",
        .answer = "3",
        .event = engineEvent,
        .url = engine4Url,
        .body = itself,
        .mean = engine4Mean,
        .sid = engineSid,
        .cut = engine4Cut,
    },
    {
        .name = "eio3",
        .polling = "polling",
        .receipt = "ok",
        .type = "text/plain;charset=UTF-8",
        .beat = "2",
        .event = engineEvent,
        .url = engine3Url,
        .body = engine3Body,
        .mean = engine3Mean,
        .sid = engineSid,
        .cut = engine3Cut,
    },
    {
        .name = "colon",
        .polling = "xhr-polling",
        .receipt = "1",
        .type = "text/plain;charset=UTF-8",
        .hasHandshake = true,
        .event = colonEvent,
        .url = colonUrl,
        .body = itself,
        .mean = colonMean,
        .sid = colonSid,
        .cut = colonCut,
    },
    {
        .name = "annotated",
        .polling = "xhr-polling",
        .receipt = "ok",
        .type = "application/x-www-form-urlencoded",
        .isRow = true,
        .event = firstEvent,
        .url = firstUrl,
        .body = firstBody,
        .mean = firstMean,
        .sid = firstSid,
        .cut = firstCut,
    },
};

const struct dialect *dialectNamed(const char *name)
{
    for (size_t i = 0; i < sizeof dialects / sizeof *dialects; i++)
        if (!strcmp(dialects[i].name, name))
            return &dialects[i];
    fail("there is no dialect %s", name);
}
