/* What clients do. */

#include "load.h"

#include <stdlib.h>
#include <string.h>

const struct work *work;

/*
 * Opening. A server may have no more than 50 places in the queue of its port: who
 * comes behind them would wait for a second.
 */

enum { AT_ONCE = 40 };

static int opening, wanted, up;

static void openMore(void)
{
    for (; opening < wanted && opening - up < AT_ONCE; opening++)
        openClient(&clients[opening]);
}

static void joined(struct client *client)
{
    (void)client;
    up++;
    run.lastHeard = now();
    openMore();
}

/* Open the clients up to this one, and wait until they are all up. */
static void openAll(int count)
{
    wanted = count;
    openMore();
    while (up < wanted) {
        attend(now() + 0.1);
        checkSilence();
        beat(now());
    }
}

static double never(double now)
{
    (void)now;
    return NEVER;
}

/* Echo. */

static void due(struct client *client, double when)
{
    if (client->sent - client->answers == client->room) {
        /* A ring that grows: what is in it moves to where it is looked for. */
        long room = client->room ? 2 * client->room : 4;
        double *ring = allocate(NULL, room * sizeof *ring);
        for (long i = client->answers; i < client->sent; i++)
            ring[i % room] = client->due[i % client->room];
        free(client->due);
        client->due = ring;
        client->room = room;
    }
    client->due[client->sent++ % client->room] = when;
    run.underway++;
}

static void echo(struct client *client, int count, double when)
{
    for (int i = 0; i < count; i++)
        due(client, when);
    sendMessages(&client->line, &message, count);
}

static void echoed(struct client *client, int count)
{
    double time = now();
    if (count > client->sent - client->answers)
        fail("an answer to nothing");
    for (int i = 0; i < count; i++)
        tookFrom(client->due[client->answers++ % client->room], time);
    run.underway -= count;
    arrived(time, count);
    if (!run.isEnding && !options.rate)
        echo(client, count, time);
}

static void beginEcho(void)
{
    openAll(options.clients);
    if (!options.rate)
        for (int i = 0; i < options.clients; i++)
            echo(&clients[i], options.inflight, now());
}

/*
 * An open loop: a message is due at each tick, whether what was sent before has been
 * answered or not. Each of as many clients has its turn, in an order of chance.
 */
static double paceEcho(double time)
{
    static double begun;
    static long done;
    static int *order;
    if (!options.rate || run.isEnding)
        return NEVER;
    if (!order) {
        begun = time;
        order = allocate(NULL, options.clients * sizeof *order);
        for (int i = 0; i < options.clients; i++) {
            int j = chance() % (i + 1);
            order[i] = order[j];
            order[j] = i;
        }
    }
    double when;
    while ((when = begun + done / options.rate) <= time)
        echo(&clients[order[done++ % options.clients]], 1, when);
    return when;
}

/* Fan-out. */

/* Of each broadcast under way: when it was sent, and how many clients have it. */
static double *sentAt;
static int *have;

/* How many there have been. */
static long broadcasts;

static void broadcast(int count)
{
    broadcasts += count;
    run.underway += count;
    sendMessages(&clients[0].line, &message, count);
}

static void beginFanout(void)
{
    openAll(options.clients);
    sentAt = allocate(NULL, options.inflight * sizeof *sentAt);
    have = allocate(NULL, options.inflight * sizeof *have);
    for (int i = 0; i < options.inflight; i++) {
        sentAt[i] = now();
        have[i] = 0;
    }
    broadcast(options.inflight);
}

static void delivered(struct client *client, int count)
{
    double time = now();
    int over = 0;
    if (client->answers + count > broadcasts)
        fail("more broadcasts than were sent");
    for (int i = 0; i < count; i++) {
        /* All get them in the same order, so the oldest is over first. */
        int which = client->answers++ % options.inflight;
        if (++have[which] < options.clients)
            continue;
        tookFrom(sentAt[which], time);
        have[which] = 0;
        sentAt[which] = time;
        over++;
    }
    arrived(time, count);
    run.underway -= over;
    if (over && !run.isEnding)
        broadcast(over);
}

/* Connect. Latency is what it takes until a client is up. */

static double paceConnect(double time)
{
    (void)time;
    for (int i = 0; !run.isEnding && i < options.inflight; i++)
        if (clients[i].line.fd < 0) {
            run.underway++;
            openClient(&clients[i]);
        }
    return NEVER;
}

static void joinedConnect(struct client *client)
{
    tookFrom(client->begun, now());
    leave(client);
}

static void endedConnect(struct client *client)
{
    if (!client->isUp)
        fail("a connection ended before its client was up");
    closeClient(client);
    arrived(now(), 1);
    run.underway--;
}

static void nothing(void)
{
}

/* Polling: a round trip is a POST, its receipt, and the poll that brings the answer. */

static void beginPolling(void)
{
    openAll(options.clients);
    for (int i = 0; i < options.clients; i++) {
        due(&clients[i], now());
        postMessage(&clients[i]);
    }
}

/* Of a receipt and an answer one has come, in either order. */
static void halfRound(struct client *client)
{
    client->isHalfRound = !client->isHalfRound;
    if (client->isHalfRound)
        return;
    double time = now();
    tookFrom(client->due[client->answers++ % client->room], time);
    run.underway--;
    arrived(time, 1);
    if (!run.isEnding) {
        due(client, time);
        postMessage(client);
    }
}

static void polled(struct client *client, int count)
{
    if (count != 1 || client->sent == client->answers)
        fail("an answer to nothing");
    halfRound(client);
}

/*
 * Idle. One client is there before, so that what a server makes but once does not
 * count. The window begins with the others' coming, and ends when they have settled.
 */

static void beginIdle(void)
{
    openAll(1);
}

static void startIdle(void)
{
    openAll(options.clients + 1);
    run.messages = options.clients;
}

/* Unexpected where a work has no use for it. */

static void noAnswer(struct client *client, int count)
{
    (void)client;
    (void)count;
    fail("an answer to nothing");
}

static void noEnd(struct client *client)
{
    (void)client;
    fail("the server said goodbye");
}

static const struct work works[] = {
    {
        .name = "echo",
        .event = "echo",
        .begin = beginEcho,
        .joined = joined,
        .answered = echoed,
        .ended = noEnd,
        .pace = paceEcho,
    },
    {
        .name = "fanout",
        .event = "all",
        .begin = beginFanout,
        .joined = joined,
        .answered = delivered,
        .ended = noEnd,
        .pace = never,
    },
    {
        .name = "connect",
        .event = "echo",
        .begin = nothing,
        .joined = joinedConnect,
        .answered = noAnswer,
        .ended = endedConnect,
        .pace = paceConnect,
    },
    {
        .name = "polling",
        .event = "echo",
        .isPolling = true,
        .begin = beginPolling,
        .joined = joined,
        .answered = polled,
        .posted = halfRound,
        .ended = noEnd,
        .pace = never,
    },
    {
        .name = "idle",
        .event = "echo",
        .begin = beginIdle,
        .start = startIdle,
        .joined = joined,
        .answered = noAnswer,
        .ended = noEnd,
        .pace = never,
    },
};

const struct work *workNamed(const char *name)
{
    for (size_t i = 0; i < sizeof works / sizeof *works; i++)
        if (!strcmp(works[i].name, name))
            return &works[i];
    fail("there is no work %s", name);
}
