/**
 * What each client is asked to show, in the order in which it is asked; the server's
 * part is in app.py. These run where the client is: in Node or in a page.
 */
import { same } from "./party.mjs";

const HUNDRED = 100_000;
const NUMBERS = 500;
const BEFORE_UPGRADE = 400;
const AT_A_TIME = 10;
const PAUSE = 5;
const BURST = 500;

// 0.7 waits for a minute before it takes its connection for lost.
const SILENCE = 90_000;

const TEXTS = [
  "héllo wörld",
  "emoji 😀 👩‍👩‍👧 🇩🇪",
  "line\u2028paragraph\u2029end",
  "中文 العربية ÿ \u0080\u07ff\uffee",
  'quotes " \\ \\n \n \r\n \t </script>',
];

const VALUES = [3, -2.5, true, [1, "two", { three: [] }]];

const EVENT = [1, -2.5, "three", null, true, [], { list: [{ deep: "ö" }], empty: {} }];

const OCTETS = Array.from({ length: 256 }, (_, each) => each);

const upTo = (count, from = 0) => Array.from({ length: count }, (_, each) => from + each);

const mixture = (party) => {
  const data = party.octets(OCTETS);
  return { name: "all", parts: [data, party.octets([]), "text"], data };
};

/** Disconnect a client; resolve to the reason that the server has for it. */
async function leaves(party) {
  const [guest, witness] = await Promise.all([party.guest(), party.witness()]);
  const [id] = await guest.asks("whoami");
  const gone = guest.hears("disconnect");
  await guest.rests();
  guest.socket.disconnect();
  same((await gone.next())[0][0], guest.reasons.client, "the reason");
  return witness.asks("farewell", id);
}

export const CHECKS = {
  async connect(party) {
    const guest = await party.guest();
    same(guest.isConnected, true, "connected");
    await party.settles(guest);
    same((await guest.asks("whoami")).length, 1, "whoami");
  },

  async message(party) {
    const guest = await party.guest();
    const messages = guest.hears("message");
    for (const each of ["one", "", { two: [2] }]) guest.sends(each);
    same(await messages.next(3), [["one"], [""], [{ two: [2] }]], "the echo");
  },

  async "message that is neither text nor object"(party) {
    const guest = await party.guest();
    const messages = guest.hears("message");
    for (const each of VALUES) guest.sends(each);
    same(await messages.next(VALUES.length), VALUES.map((each) => [each]), "the echo");
  },

  async event(party) {
    const guest = await party.guest();
    const news = guest.hears("news");
    guest.emits("bounce", "news");
    guest.emits("bounce", "news", ...EVENT);
    same(await news.next(2), [[], EVENT], "the events");
  },

  async unicode(party) {
    const [guest, witness] = await Promise.all([party.guest(), party.witness()]);
    const [heard, witnessed] = [guest.hears("heard"), witness.hears("heard")];
    const room = await party.gathers(guest, witness);
    for (const text of TEXTS) {
      same(await guest.asks("echo", text, { [text]: [text] }), [text, { [text]: [text] }], "echo");
      const letters = [...text].map((each) => each.codePointAt(0));
      same(await guest.asks("spell", text), [letters], "the text, as the server has it");
      guest.emits("tell", room, text);
      witness.emits("tell", room, text);
    }
    const wanted = TEXTS.map((text) => [text]);
    same(await witnessed.next(TEXTS.length), wanted, "what a later client heard");
    same(await heard.next(TEXTS.length), wanted, "what a later client said");
  },

  async "100 KB"(party) {
    const guest = await party.guest();
    const messages = guest.hears("message");
    const texts = ["0123456789".repeat(HUNDRED / 10), "ö😀".repeat(HUNDRED / 6)];
    for (const text of texts) guest.sends(text);
    same(await messages.next(2), texts.map((text) => [text]), "the echo");
  },

  async "ack both ways"(party) {
    const guest = await party.guest();
    same(await guest.asks("echo"), [], "an ack without arguments");
    same(await guest.asks("echo", "one", { two: 2 }), ["one", { two: 2 }], "an ack");
    guest.socket.on("question", (...args) => args.pop()(...args.reverse()));
    same(await guest.asks("ask", "life", 42), [[42, "life"]], "what the client acknowledged");
    const all = await Promise.all(upTo(20).map((each) => guest.asks("echo", each)));
    same(all, upTo(20).map((each) => [each]), "twenty acks");
  },

  async "binary to the server"(party) {
    const [guest, witness] = await Promise.all([party.guest(), party.witness()]);
    const witnessed = witness.hears("heard");
    const room = await party.gathers(guest, witness);
    const mixed = mixture(party);
    same(await guest.asks("octets", mixed.data), [OCTETS], "the bytes, as the server has them");
    guest.emits("tell", room, mixed, "and text");
    same(await witnessed.next(), [[mixed, "and text"]], "what a later client heard");
    guest.socket.on("question", (answer) => answer(mixed.data, mixed));
    same(await guest.asks("ask"), [[mixed.data, mixed]], "what the client acknowledged");
    same(await guest.asks("echo", mixed), [mixed], "and back");
    const much = party.octets(upTo(HUNDRED).map((each) => each % 251));
    same(await guest.asks("echo", much), [much], "100 KB");
    const chat = await guest.enters("/chat");
    same(await chat.asks("echo", mixed), [mixed], "in a namespace");
  },

  async "binary to the client"(party) {
    const [guest, witness] = await Promise.all([party.guest(), party.witness()]);
    const heard = guest.hears("heard");
    const room = await party.gathers(guest, witness);
    const mixed = mixture(party);
    const much = party.octets(upTo(HUNDRED).map((each) => each % 251));
    for (const each of [mixed.data, mixed, much]) witness.emits("tell", room, each, "and text");
    const wanted = [mixed.data, mixed, much].map((each) => [each, "and text"]);
    same(await heard.next(3), wanted, "what a later client said");
  },

  async namespace(party) {
    const guest = await party.guest();
    const chat = await guest.enters("/chat");
    same(await guest.asks("where"), ["/"], "the default namespace");
    same(await chat.asks("where"), ["/chat"], "the other");
    const [rootNews, chatNews] = [guest.hears("news"), chat.hears("news")];
    chat.emits("bounce", "news", "chat");
    guest.emits("bounce", "news", "root");
    same(await rootNews.next(), [["root"]], "the default namespace's event");
    same(await chatNews.next(), [["chat"]], "the other's event");
    const left = chat.hears("disconnect");
    chat.socket.disconnect();
    await left.next();
    same(await guest.asks("where"), ["/"], "the default namespace, after the other");
  },

  async "namespace, left and entered again"(party) {
    const guest = await party.guest();
    const chat = await guest.enters("/chat");
    chat.socket.disconnect();
    await chat.returns();
    same(await chat.asks("where"), ["/chat"], "the namespace");
    same(await guest.asks("where"), ["/"], "the default one");
  },

  async "refusal, by middleware"(party) {
    const guest = await party.guest();
    await guest.isRefused("/closed", "members only", { since: 2010 });
    same(await guest.asks("where"), ["/"], "the default namespace");
  },

  async rooms(party) {
    const [first, second, outsider] = await party.guests(3);
    const [one, two, none] = [first, second, outsider].map((each) => each.hears("heard"));
    const room = await party.gathers(first, second);
    await first.asks("shout", room, "to all");
    await first.asks("tell", room, "to the others");
    await second.asks("leave", room);
    await first.asks("shout", room, "to who stays");
    await outsider.asks("shout", room, "from outside");
    same(await one.next(3), [["to all"], ["to who stays"], ["from outside"]], "who stayed");
    same(await two.next(2), [["to all"], ["to the others"]], "who left");
    for (const each of [first, second, outsider]) await each.asks("echo");
    same([one.all.length, two.all.length, none.all.length], [3, 2, 0], "how much was heard");
  },

  async volatile(party) {
    const guest = await party.guest();
    const [perhaps, certain] = [guest.hears("perhaps"), guest.hears("certain")];
    for (let tries = 1; perhaps.all.length === 0; tries++) {
      guest.emits("volatile", 1);
      await certain.next(tries);
      if (tries === 50) throw new Error("none of 50 volatile events came");
      await party.pause(PAUSE);
    }
    perhaps.all.length = certain.all.length = 0;
    guest.emits("volatile", BURST);
    await certain.next();
    const numbers = perhaps.all.map(([number]) => number);
    same([...new Set(numbers)].sort((a, b) => a - b), numbers, "in order, and none twice");
    if (party.polls) same(numbers.length < BURST, true, "some dropped");
  },

  async "volatile, of the client's"(party) {
    const guest = await party.guest();
    for (let tries = 1; ; tries++) {
      guest.socket.volatile.emit("note", tries);
      const [notes] = await guest.asks("notes");
      if (notes.length > 0) break;
      if (tries === 50) throw new Error("none of 50 volatile events came");
      await party.pause(PAUSE);
    }
  },

  async "server disconnect"(party) {
    const guest = await party.guest();
    const gone = guest.hears("disconnect");
    guest.emits("kick");
    same((await gone.next())[0][0], guest.reasons.server, "the reason");
    same(guest.isConnected, false, "connected");
  },

  async "client disconnect"(party) {
    await leaves(party);
  },

  async "client disconnect, with its goodbye"(party) {
    same(await leaves(party), ["client namespace disconnect"], "the reason, as the server has it");
  },

  async "500 messages each way"(party) {
    // From the first moment, in which the upgrade begins too, and on beyond its end.
    const guest = party.comes({ count: BEFORE_UPGRADE });
    const numbers = guest.hears("number");
    const changed = guest.arrives().then(() => party.settles(guest));
    for (let each = 0; each < BEFORE_UPGRADE; each++) {
      guest.emits("note", each);
      if (each % AT_A_TIME === 0) await party.pause(PAUSE);
    }
    await Promise.all([changed, numbers.next(BEFORE_UPGRADE)]);
    for (const each of upTo(NUMBERS - BEFORE_UPGRADE, BEFORE_UPGRADE)) guest.emits("note", each);
    await guest.asks("count", BEFORE_UPGRADE, NUMBERS);
    same(await numbers.next(NUMBERS), upTo(NUMBERS).map((each) => [each]), "from the server");
    same(await guest.asks("notes"), [upTo(NUMBERS)], "from the client");
  },
};

const RESTART = "reconnect after a server restart";

/** The acts of the last check, between which the server stops and starts again. */
export const RESTART_ACTS = {
  async settles(party) {
    const guest = (party.survivor = await party.guest());
    await party.settles(guest);
    party.heard = Object.fromEntries(
      ["connect", "disconnect", "message"].map((name) => [name, guest.hears(name)]),
    );
  },

  async leaves({ survivor, heard }) {
    await heard.disconnect.next(1, SILENCE);
    survivor.sends("meanwhile");
  },

  async returns(party) {
    const { survivor, heard } = party;
    await heard.connect.next(1, SILENCE);
    same(await heard.message.next(), [["meanwhile"]], "what was sent meanwhile");
    same(await survivor.asks("echo", "again"), ["again"], "an ack");
    await party.settles(survivor);
  },
};

/** What is said in a room. */
export const WORDS = [...TEXTS, { "ö": [1, null] }, "0123456789".repeat(100)];

/** The acts of who is in one room with many others: `cell.room` says which, and who it is. */
export const ROOM_ACTS = {
  async comes(party) {
    const guest = (party.member = await party.guest());
    party.talk = guest.hears("heard");
    await party.settles(guest);
    await guest.asks("join", party.cell.room.name);
  },

  async talks({ member, cell: { room } }) {
    for (const number of upTo(room.count)) {
      const word = room.words[number % room.words.length];
      member.emits("shout", room.name, room.member, number, word);
    }
    await member.asks("echo");
  },

  /** Resolve to all that was heard, once it is enough. */
  async hears({ member, talk, cell: { room } }) {
    await talk.next(room.members * room.count).catch(() => {});
    // What came twice would come before this.
    await member.asks("echo");
    return talk.all;
  },
};

/** The names of all checks, in order. */
export const NAMES = [...Object.keys(CHECKS), RESTART];
