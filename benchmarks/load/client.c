/* A client, from its opening to its goodbye. */

#define _GNU_SOURCE
#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct client *clients;
static int clientCount;
struct message message;

/* How often clients send heartbeats by themselves, seconds; 0: not yet known. */
static double beatInterval;

static void say(struct client *client, const char *packet, size_t size);

static void wrong(const char *what, struct bytes said)
{
    fail("%s: %.*s", what, (int)(said.size < 200 ? said.size : 200), said.at);
}

/* What the server tells in the beginning. */
static void opened(struct client *client, struct bytes told)
{
    free(client->sid);
    client->sid = dialect->sid(told);
    if (!client->sid)
        wrong("no session id", told);
    if (work->isPolling) {
        client->pollUrl = dialect->url(dialect->polling, client->sid, false);
        client->postUrl = dialect->url(dialect->polling, client->sid, true);
    }
    if (dialect->beat && !beatInterval) {
        char *at = memmem(told.at, told.size, "\"pingInterval\":", 15);
        beatInterval = at ? atoi(at + 15) / 1000.0 : 0;
    }
}

/* Whether it is a message to all of another generator, which floods the same server. */
static bool isOthers(struct bytes packet)
{
    size_t head = packet.size < 16 ? packet.size : 16;
    return !strcmp(work->event, "echo") && memmem(packet.at, head, "\"all\"", 5);
}

static void sayBeat(struct client *client, const char *packet, size_t size)
{
    say(client, packet, size);
    run.heartbeats++;
}

/* Take a packet, and tell whether it is the answer to a message. */
static bool takePacket(struct client *client, struct bytes packet)
{
    struct frame frame = {FINAL | TEXT, packet};
    if (isMessage(&message, &frame))
        return true;
    switch (dialect->mean(packet)) {
    case OPENED:
        opened(client, packet);
        if (dialect->join)
            say(client, dialect->join, strlen(dialect->join));
        break;
    case JOINED:
        if (!client->sid)
            opened(client, packet);
        if (client->isUp)
            wrong("joined twice", packet);
        client->isUp = true;
        work->joined(client);
        break;
    case BEAT:
        if (dialect->answer)
            sayBeat(client, dialect->answer, strlen(dialect->answer));
        else
            sayBeat(client, packet.at, packet.size);
        break;
    case WRONG:
        if (!isOthers(packet))
            wrong("the server said", packet);
        break;
    case NOTHING:
        break;
    }
    return false;
}

/* Take packets one behind the other, and tell how many are answers. */
static int takeRow(struct client *client, struct bytes row)
{
    int answers = 0;
    struct bytes packet;
    while (row.size) {
        if (!dialect->cut(&row, &packet))
            wrong("no packets", row);
        answers += takePacket(client, packet);
    }
    return answers;
}

static void answered(struct client *client, int count)
{
    if (!client->isUp)
        fail("an answer before anything was asked");
    work->answered(client, count);
}

/* WebSocket. */

/* A frame that is not the answer to a message, or not that alone. */
static int takeFrame(struct client *client, struct frame *frame)
{
    switch (frame->first) {
    case FINAL | TEXT:
        return dialect->isRow ? takeRow(client, frame->payload)
                              : takePacket(client, frame->payload);
    case FINAL | PING:
        sendFrame(&client->line, PONG, frame->payload.at, frame->payload.size);
        return 0;
    case FINAL | CLOSE:
        if (!client->line.mayEnd)
            wrong("the server said goodbye", frame->payload);
        work->ended(client);
        return 0;
    }
    if (frame->first & COMPRESSED)
        wrong("a compressed message that is not the answer", message.text);
    fail("a frame that begins with %#x", frame->first);
}

static size_t takeFrames(struct line *line, char *data, size_t size)
{
    struct client *client = line->owner;
    struct frame frame;
    size_t taken = 0, step;
    int answers = 0;
    if (!data)
        work->ended(client);
    while ((step = readFrame(&frame, data + taken, size - taken))) {
        taken += step;
        if (isMessage(&message, &frame))
            answers++;
        else
            answers += takeFrame(client, &frame);
        if (line->fd < 0)
            return taken;
    }
    if (answers)
        answered(client, answers);
    return taken;
}

static size_t takeUpgrade(struct line *line, char *data, size_t size)
{
    struct reply reply;
    size_t taken = readReply(&reply, data, size);
    if (!taken)
        return 0;
    if (reply.status != 101)
        fail("a WebSocket was refused with %d: %.*s", reply.status, (int)reply.body.size,
             reply.body.at);
    if (reply.isCompressed != options.deflate)
        fail("the server does not compress");
    line->take = takeFrames;
    return taken + takeFrames(line, data + taken, size - taken);
}

/* Long polling. */

/* An answer whose body is all that counts. */
static size_t takeBody(struct bytes *body, char *data, size_t size)
{
    struct reply reply;
    size_t taken = readReply(&reply, data, size);
    if (taken && (reply.status != 200 || taken != size))
        fail("a request was answered by %.*s", (int)size, data);
    *body = reply.body;
    return taken;
}

static size_t takePoll(struct line *line, char *data, size_t size)
{
    struct client *client = line->owner;
    struct bytes body;
    size_t taken = takeBody(&body, data, size);
    if (taken) {
        int answers = takeRow(client, body);
        get(line, client->pollUrl);
        if (answers)
            answered(client, answers);
    }
    return taken;
}

/* Post what waits, one packet at a time. */
static void postNext(struct client *client)
{
    static char *messageBody;
    if (client->isPosting)
        return;
    if (client->word) {
        char *body = dialect->body(client->word);
        post(&client->poster, client->postUrl, dialect->type, body);
        free(body);
        free(client->word);
        client->word = NULL;
        client->isPosting = true;
    } else if (client->hasMessage) {
        if (!messageBody)
            messageBody = dialect->body(message.text.at);
        post(&client->poster, client->postUrl, dialect->type, messageBody);
        client->hasMessage = false;
        client->isPosting = client->isPostingMessage = true;
    }
}

static size_t takeReceipt(struct line *line, char *data, size_t size)
{
    struct client *client = line->owner;
    struct bytes body;
    size_t taken = takeBody(&body, data, size);
    if (!taken)
        return 0;
    if (body.size != strlen(dialect->receipt) ||
        strncasecmp(body.at, dialect->receipt, body.size))
        wrong("a POST was answered by", body);
    bool wasMessage = client->isPostingMessage;
    client->isPosting = client->isPostingMessage = false;
    if (wasMessage)
        work->posted(client);
    postNext(client);
    return taken;
}

void postMessage(struct client *client)
{
    client->hasMessage = true;
    postNext(client);
}

/* Both. */

/* Send a word of the protocol. */
static void say(struct client *client, const char *packet, size_t size)
{
    if (!work->isPolling) {
        sendFrame(&client->line, TEXT, packet, size);
        return;
    }
    if (client->word)
        fail("more heartbeats than can be answered");
    client->word = text("%.*s", (int)size, packet);
    postNext(client);
}

/* With an id, or without one where there is none yet. */
static void carry(struct client *client)
{
    char *url = dialect->url(work->isPolling ? dialect->polling : "websocket", client->sid, false);
    if (work->isPolling) {
        client->line.take = takePoll;
        get(&client->line, url);
    } else {
        client->line.take = takeUpgrade;
        getWebSocket(&client->line, url);
    }
    free(url);
}

static size_t takeHandshake(struct line *line, char *data, size_t size)
{
    struct client *client = line->owner;
    struct bytes body;
    size_t taken = takeBody(&body, data, size);
    if (taken) {
        opened(client, body);
        carry(client);
    }
    return taken;
}

void prepareClients(int count)
{
    clients = allocate(NULL, count * sizeof *clients);
    memset(clients, 0, count * sizeof *clients);
    for (int i = 0; i < count; i++) {
        clients[i].line.owner = clients[i].poster.owner = &clients[i];
        clients[i].line.fd = clients[i].poster.fd = -1;
    }
    clientCount = count;
    prepareLines(work->isPolling ? 2 * count : count);
}

void openClient(struct client *client)
{
    client->begun = now();
    openLine(&client->line);
    if (work->isPolling) {
        openLine(&client->poster);
        client->poster.take = takeReceipt;
    }
    if (!dialect->hasHandshake) {
        carry(client);
        return;
    }
    char *url = dialect->url(NULL, NULL, false);
    client->line.take = takeHandshake;
    get(&client->line, url);
    free(url);
}

void leave(struct client *client)
{
    client->line.mayEnd = true;
    sendFrame(&client->line, CLOSE, "\x03\xe8", 2);
}

void closeClient(struct client *client)
{
    closeLine(&client->line);
    free(client->sid);
    client->sid = NULL;
    client->isUp = false;
}

/* A round of all clients takes one interval: so their heartbeats are spread evenly. */
void beat(double now)
{
    static double begun;
    static long done;
    if (!beatInterval)
        return;
    if (!begun)
        begun = now;
    long due = (now - begun) / beatInterval * clientCount;
    for (; done < due; done++) {
        struct client *client = &clients[done % clientCount];
        /* One that waits for its POST is enough. */
        if (client->isUp && !client->word)
            sayBeat(client, dialect->beat, strlen(dialect->beat));
    }
}
