/*
 * A load generator for Socket.IO servers: one process, one thread, epoll.
 *
 *     cd benchmarks/load && cc -O2 -o load *.c -lssl -lcrypto -lz
 *
 * It is there to be faster than any server: all that is sent is made beforehand,
 * but for the masks; what comes is compared with what should come, and looked
 * into only where it is something else. Whatever is wrong ends the run.
 *
 * main.c     the command line, the course of a run, what it prints
 * works.c    what clients do: echo, fanout, connect, polling, idle
 * client.c   a client, from its opening to its goodbye
 * dialect.c  the words of each generation
 * frames.c   WebSocket frames, masks, compression
 * http.c     requests, and the answers to them
 * line.c     TCP connections, with TLS or without
 * measure.c  time, processors, memory, latency
 */

#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    char *at;
    size_t size;
};

/* main.c */

struct options {
    const char *host, *path, *payload;
    int port, clients, inflight;
    double seconds, warmup, patience, rate;
    bool tls, deflate;
    int *pids, pidCount;
    uint64_t seed;
};

extern struct options options;
extern const struct dialect *dialect;

/* Say why on stderr, and end the process. */
void fail(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/* What does not return without memory. */
void *allocate(void *old, size_t size);
char *text(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Fail where the server has said nothing for too long. */
void checkSilence(void);

/* line.c */

struct line;

/*
 * Take what has come, and tell how much of it: the rest comes again, with more.
 * NULL is the end, where there may be one.
 */
typedef size_t (*taker)(struct line *line, char *data, size_t size);

struct line {
    int fd;              /* -1: it is not open */
    bool isWanted;       /* whether epoll tells when it takes more */
    bool mayEnd;         /* whether the server may close it */
    void *tls;           /* an SSL, or NULL */
    struct bytes unsent; /* what the socket has not taken yet */
    struct bytes rest;   /* what is not whole yet */
    taker take;
    void *owner;         /* its client */
};

void prepareLines(int count);
void openLine(struct line *line);
void closeLine(struct line *line);
void sendBytes(struct line *line, const char *data, size_t size);

/* Handle what happens, until then, or what happens first. */
void attend(double until);

/* frames.c */

enum { TEXT = 1, CLOSE = 8, PING = 9, PONG = 10, COMPRESSED = 0x40, FINAL = 0x80 };

struct frame {
    int first; /* opcode and flags */
    struct bytes payload;
};

/* A message that is sent very often. */
struct message {
    struct bytes text;  /* as the dialect writes it */
    struct bytes wire;  /* the payload of its frame: that, or that compressed */
    int first;          /* the first byte of its frame */
    struct bytes known; /* the payload of a compressed answer that was right */
};

uint64_t chance(void);
void prepareMessage(struct message *message, char *text);
void sendFrame(struct line *line, int opcode, const char *payload, size_t size);
void sendMessages(struct line *line, const struct message *message, int count);

/* Read a frame from the beginning, and tell its size; 0: it is not whole. */
size_t readFrame(struct frame *frame, char *data, size_t size);
bool isMessage(struct message *message, const struct frame *frame);

/* http.c */

struct reply {
    int status;
    bool isCompressed; /* whether permessage-deflate was agreed upon */
    struct bytes body;
};

void get(struct line *line, const char *url);
void getWebSocket(struct line *line, const char *url);
void post(struct line *line, const char *url, const char *type, const char *body);

/* Like readFrame(). */
size_t readReply(struct reply *reply, char *data, size_t size);

/* dialect.c */

/* What a packet means that is not the answer to a message. */
enum meaning { NOTHING, OPENED, JOINED, BEAT, WRONG };

struct dialect {
    const char *name;
    const char *polling; /* what long polling is called in a URL */
    const char *receipt; /* what a POST is answered with */
    const char *type;    /* of its body */
    const char *join;    /* what a client says when it has its id, or NULL */
    const char *beat;    /* the heartbeat that a client sends by itself, or NULL */
    const char *answer;  /* to a heartbeat of the server's; NULL: the same */
    bool hasHandshake;   /* whether a request comes before all transports */
    bool isRow;          /* whether a WebSocket message may hold several packets */
    char *(*event)(const char *name, const char *argument);
    char *(*url)(const char *transport, const char *sid, bool isPost);
    char *(*body)(const char *packet);
    enum meaning (*mean)(struct bytes packet);
    char *(*sid)(struct bytes packet); /* from what has OPENED, or the handshake */
    /* Take the first packet from a body; false: it is none. */
    bool (*cut)(struct bytes *body, struct bytes *packet);
};

const struct dialect *dialectNamed(const char *name);

/* client.c */

struct client {
    struct line line;  /* the WebSocket, or what polls */
    struct line poster;
    char *sid;
    char *pollUrl, *postUrl;
    char *word;        /* what waits for a POST, or NULL; and whether a message does */
    bool hasMessage;
    bool isPosting, isPostingMessage;
    bool isUp;
    bool isHalfRound;  /* of the receipt and the answer one is there */
    double begun;
    long sent, answers; /* how many messages */
    double *due;        /* when what is under way was due: a ring of so many */
    long room;
};

extern struct client *clients;
extern struct message message;

void prepareClients(int count);
void openClient(struct client *client);
void leave(struct client *client);
void closeClient(struct client *client);
void postMessage(struct client *client);

/* Send the heartbeats that clients send by themselves. */
void beat(double now);

/* works.c */

struct work {
    const char *name;
    const char *event;    /* which the clients send */
    bool isPolling;
    void (*begin)(void);                   /* before the warm-up */
    void (*start)(void);                   /* in the beginning of the window, or NULL */
    void (*joined)(struct client *client);
    void (*answered)(struct client *client, int count);
    void (*posted)(struct client *client); /* a message has its receipt */
    void (*ended)(struct client *client);  /* the server has said goodbye, or gone */
    double (*pace)(double now);            /* do what is due, and tell when more is */
};

extern const struct work *work;

const struct work *workNamed(const char *name);

/* measure.c */

#define NEVER 1e18

struct run {
    double start, end;  /* of the window */
    long messages;      /* that were answered in it */
    long underway;      /* that have no answer yet */
    long heartbeats;    /* that clients have sent or answered, from the beginning */
    bool isEnding;      /* whether nothing more is sent */
    double lastHeard;   /* when clients last came on */
    double cpu, own;    /* seconds in the window */
    double rssBefore, rssAfter;
};

extern struct run run;

double now(void);
double ownCpu(void);
double serverCpu(void);
double serverRss(void);
void arrived(double now, long messages);
void tookFrom(double due, double now);
double latency(double part);

#endif
