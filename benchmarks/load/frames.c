/* WebSocket frames, masks, compression. */

#include "load.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* What is sent at once is put together here. */
static char outgoing[2 << 20];

enum { HEAD = 14 };

/* xorshift64: as random as masks have to be here. */
uint64_t chance(void)
{
    uint64_t *seed = &options.seed;
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* Write a frame with a mask of its own, and tell where it ends. */
static char *writeFrame(char *to, int first, const char *payload, size_t size)
{
    *to++ = first;
    if (size < 126) {
        *to++ = 0x80 | size;
    } else {
        int digits = size < 1 << 16 ? 2 : 8;
        *to++ = 0x80 | (digits == 2 ? 126 : 127);
        while (digits--)
            *to++ = (uint64_t)size >> 8 * digits;
    }
    uint64_t mask = (uint32_t)chance();
    mask |= mask << 32;
    memcpy(to, &mask, 4);
    to += 4;
    size_t i = 0;
    for (; i + 8 <= size; i += 8) {
        uint64_t eight;
        memcpy(&eight, payload + i, 8);
        eight ^= mask;
        memcpy(to + i, &eight, 8);
    }
    for (; i < size; i++)
        to[i] = payload[i] ^ (char)(mask >> i % 8 * 8);
    return to + size;
}

void sendFrame(struct line *line, int opcode, const char *payload, size_t size)
{
    if (size + HEAD > sizeof outgoing)
        fail("a message of %zu bytes is too long", size);
    char *end = writeFrame(outgoing, FINAL | opcode, payload, size);
    sendBytes(line, outgoing, end - outgoing);
}

void sendMessages(struct line *line, const struct message *message, int count)
{
    while (count) {
        char *end = outgoing;
        while (count && end + HEAD + message->wire.size <= outgoing + sizeof outgoing) {
            end = writeFrame(end, message->first, message->wire.at, message->wire.size);
            count--;
        }
        sendBytes(line, outgoing, end - outgoing);
    }
}

size_t readFrame(struct frame *frame, char *data, size_t size)
{
    if (size < 2)
        return 0;
    const unsigned char *head = (void *)data;
    size_t length = head[1], start = 2;
    if (length >= 126) {
        start = length == 126 ? 4 : 10;
        if (length > 127)
            fail("a frame of the server's has a mask");
        if (size < start)
            return 0;
        length = 0;
        for (size_t i = 2; i < start; i++)
            length = length << 8 | head[i];
    }
    if (length > size || size < start + length)
        return 0;
    *frame = (struct frame){head[0], {data + start, length}};
    return start + length;
}

static struct bytes deflateText(struct bytes text)
{
    z_stream stream = {0};
    deflateInit2(&stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY);
    size_t room = deflateBound(&stream, text.size) + 16;
    struct bytes made = {allocate(NULL, room), 0};
    stream.next_in = (void *)text.at;
    stream.avail_in = text.size;
    stream.next_out = (void *)made.at;
    stream.avail_out = room;
    deflate(&stream, Z_SYNC_FLUSH);
    /* RFC 7692, 7.2.1: without the last four bytes, which are always the same. */
    made.size = stream.total_out - 4;
    deflateEnd(&stream);
    return made;
}

void prepareMessage(struct message *message, char *text)
{
    message->text = message->wire = (struct bytes){text, strlen(text)};
    message->first = FINAL | TEXT;
    if (options.deflate) {
        message->wire = deflateText(message->text);
        message->first |= COMPRESSED;
    }
    if (message->wire.size + HEAD > sizeof outgoing)
        fail("a message of %zu bytes is too long", message->wire.size);
}

static bool isEqual(struct bytes one, struct bytes other)
{
    return one.size == other.size && !memcmp(one.at, other.at, one.size);
}

/* Whether this is the message compressed, in whatever way. */
static bool inflatesTo(struct bytes payload, struct bytes text)
{
    static const char tail[] = {0, 0, -1, -1};
    char *inflated = allocate(NULL, text.size + 1);
    z_stream stream = {0};
    inflateInit2(&stream, -15);
    stream.next_out = (void *)inflated;
    stream.avail_out = text.size + 1;
    stream.next_in = (void *)payload.at;
    stream.avail_in = payload.size;
    int result = inflate(&stream, Z_NO_FLUSH);
    stream.next_in = (void *)tail;
    stream.avail_in = sizeof tail;
    if (result == Z_OK)
        result = inflate(&stream, Z_SYNC_FLUSH);
    bool isRight = (result == Z_OK || result == Z_STREAM_END || result == Z_BUF_ERROR) &&
                   isEqual((struct bytes){inflated, stream.total_out}, text);
    inflateEnd(&stream);
    free(inflated);
    return isRight;
}

bool isMessage(struct message *message, const struct frame *frame)
{
    if (frame->first == (FINAL | TEXT))
        return isEqual(frame->payload, message->text);
    if (frame->first != (FINAL | TEXT | COMPRESSED))
        return false;
    /* A server that has no context left makes the same of it each time. */
    if (isEqual(frame->payload, message->known))
        return true;
    if (!inflatesTo(frame->payload, message->text))
        return false;
    message->known.at = allocate(message->known.at, frame->payload.size);
    message->known.size = frame->payload.size;
    memcpy(message->known.at, frame->payload.at, frame->payload.size);
    return true;
}
