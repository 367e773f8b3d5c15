// The client of npm's socket.io@0.6.18, as it is, with a server that speaks 0.6.
//
// What it cannot do, and is not asked here:
//
// - events, acknowledgements, realms: there are none in 0.6;
// - to send an array or a number, which it makes a text of; it reads them all right;
// - to send a text that begins with ~h~ or ~j~, which it does not escape; it reads one;
// - CR LF or CR over jsonp-polling: its form makes LF of them after it has counted them;
// - to send anything over jsonp-polling after it has connected anew: its form, made when
//   it sends first, keeps posting to the session of that time, as "comes back" shows;
// - to keep what it should send while it is away: each attempt that fails drops it;
// - flashsocket: no browser has the plugin any more. server-events came later.
import assert from "node:assert/strict";
import { after, before, describe } from "node:test";
import { fileURLToPath } from "node:url";

import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";

const COUNT = 50;
const LONGEST_PAUSE = 60_000;

const ENDS = "CR LF\r\nLF\nCR\rend";

const MESSAGES = {
  "an empty string": "",
  "a string": "Hello world",
  "what looks like a frame": "~m~5~m~hello",
  "an object": { text: "héllo", list: [1, 2.5, null, true], deep: { empty: {} } },
  "line feeds": "one\ntwo\n\n",
  emoji: "😀 👩‍👩‍👧 🇩🇪",
  "an object with emoji": { "😀": "👩‍👩‍👧" },
  "U+2028 and U+2029": "line\u2028paragraph\u2029end",
  "what could end a script": "</script><!--",
  "100 KB": "Zwölf Boxkämpfer 🥊 ".repeat(5_200),
};

const UNSENDABLE = [[1, "two", null], 5, true, null, "~h~1", "~j~{"];

/**
 * - `pulse(page)`, called before a session begins: it resolves when the page, idle, has
 *   outlived the longest interval of the server's;
 * - `lent`, a script with what browsers of the time had and those of today do not;
 * - `ends`, whether it can send any line end.
 */
const TRANSPORTS = [
  { name: "websocket", pulse: heartbeats, ends: true },
  { name: "htmlfile", pulse: postedHeartbeats, ends: true, lent: lent("htmlfile") },
  { name: "xhr-multipart", pulse: postedHeartbeats, ends: true, lent: lent("xhr-multipart") },
  { name: "xhr-polling", pulse: emptyPoll, ends: true },
  { name: "jsonp-polling", pulse: emptyPoll, ends: false },
];

const numbers = (prefix) => Array.from({ length: COUNT }, (_, index) => `${prefix}${index}`);

describe("the client of 0.6", { concurrency: true }, () => {
  let server;
  before(async () => (server = await serve()));
  after(() => server.stop());

  for (const transport of TRANSPORTS) {
    describe(transport.name, { concurrency: 2 }, () => scenarios(() => server, transport));
  }

  scenario("0.6: chooses websocket of itself", async (stage) => {
    const visitor = await arrives(stage, server, { name: undefined });
    assert.equal(await visitor.does(() => socket.transport.type), "websocket");
  });
});

describe("the client of 0.6, when the server restarts", () => {
  let server;
  before(async () => (server = await serve()));
  after(() => server.stop());

  scenario("0.6: comes back over every transport", async (stage) => {
    const visitors = await Promise.all(TRANSPORTS.map((each) => arrives(stage, server, each)));
    const before = await Promise.all(visitors.map(sessionId));
    for (const each of visitors) await each.sends("before");
    for (const each of visitors) assert.deepEqual(await each.reads(1), ["before"]);
    await server.stop();
    await server.start();
    await Promise.all(visitors.map((visitor) => visitor.hears("reconnect", 1, LONGEST_PAUSE)));
    const now = await Promise.all(visitors.map(sessionId));
    assert.equal(new Set([...before, ...now]).size, 2 * visitors.length);

    const [first, ...others] = visitors;
    await first.sends({ do: "tell", message: "welcome back" });
    for (const each of others) assert.deepEqual((await each.reads(2)).slice(1), ["welcome back"]);
    const jsonp = others.pop();
    for (const each of [first, ...others]) await each.sends("again");
    assert.deepEqual((await first.reads(2)).slice(1), ["again"]);
    for (const each of others) assert.deepEqual((await each.reads(3)).slice(2), ["again"]);
    await assertPostsInVain(jsonp);
  }, 2 * LONGEST_PAUSE);
});

function scenarios(server, transport) {
  const { name, pulse, ends } = transport;
  const over = (what, play, ...rest) => scenario(`0.6, ${name}: ${what}`, play, ...rest);

  over("an idle session outlives the server's intervals", async (stage) => {
    const visitor = await opens(stage, server(), transport);
    await Promise.all([pulse(visitor.page), enters(visitor, { transports: [name] })]);
    await visitor.sends("still here");
    assert.deepEqual(await visitor.reads(1), ["still here"]);
    assert.equal(visitor.notes.of("connect").length, 1);
    assert.deepEqual(visitor.notes.of("disconnect"), []);
  });

  over("it connects over this transport", async (stage) => {
    const visitor = await arrives(stage, server(), transport);
    assert.equal(await visitor.knows("connected"), true);
    assert.equal(await visitor.does(() => socket.transport.type), name);
    assert.match(await sessionId(visitor), /^[\w-]{20}$/);
  });

  over("messages of every kind come and go unchanged", async (stage) => {
    const visitor = await arrives(stage, server(), transport);
    const messages = ends ? { ...MESSAGES, "line ends": ENDS } : MESSAGES;
    for (const [index, [what, message]] of Object.entries(messages).entries()) {
      await visitor.sends(message);
      const echoes = await visitor.reads(index + 1);
      assert.deepEqual(echoes.slice(index), [message], what);
    }
    await visitor.sends({ do: "received" });
    const all = Object.values(messages);
    assert.deepEqual((await visitor.reads(all.length + 1)).at(-1), all);
  });

  over("it reads what it could not send", async (stage) => {
    const visitor = await arrives(stage, server(), transport);
    await visitor.sends({ do: "say", messages: UNSENDABLE });
    assert.deepEqual(await visitor.reads(UNSENDABLE.length), UNSENDABLE);
  });

  over(`${COUNT} messages keep their order both ways`, async (stage) => {
    const visitor = await arrives(stage, server(), transport);
    await visitor.sends(...numbers("up "), { do: "count", number: COUNT });
    const all = [...numbers("up "), ...numbers("")];
    assert.deepEqual(await visitor.reads(all.length), all);
    await visitor.sends({ do: "received" });
    assert.deepEqual((await visitor.reads(all.length + 1)).at(-1), numbers("up "));
  });

  over("the server disconnects the client", async (stage) => {
    const visitor = await arrives(stage, server(), transport, { reconnect: false });
    const gone = await sessionId(visitor);
    await visitor.sends({ do: "kick" });
    assert.equal((await visitor.hears("disconnect")).length, 1);
    assert.equal(await visitor.knows("connected"), false);
    assert.equal(await farewell(stage, server(), gone), "server namespace disconnect");
  });

  over("the client disconnects", async (stage) => {
    const visitor = await arrives(stage, server(), transport);
    const gone = await sessionId(visitor);
    await visitor.does(() => void socket.disconnect());
    assert.equal((await visitor.hears("disconnect")).length, 1);
    assert.equal(await visitor.knows("connected"), false);
    // It has no word for it.
    assert.equal(await farewell(stage, server(), gone), "transport close");
  });
}

function serve() {
  return serveTests("--app", "txsocketio.test.genuine.app06:attach", "--protocol", "0.6");
}

function lent(name) {
  return fileURLToPath(new URL(`lent/${name}.js`, import.meta.url));
}

/** A page with this client in it, and with what the transport needs to be lent. */
async function opens(stage, server, { name, lent }) {
  stage.watches(server);
  const visitor = await stage.visitor(`0.6 ${name}`);
  if (lent) await visitor.page.addInitScript({ path: lent });
  await visitor.opens(`${server.origin}/client06.html`);
  return visitor;
}

/** Make its socket, and connect. */
async function enters(visitor, options) {
  await visitor.enters(options);
  await visitor.does(() => void socket.connect());
}

/** Such a page, connected over that transport and no other. */
async function arrives(stage, server, transport, options = {}) {
  const visitor = await opens(stage, server, transport);
  const only = transport.name ? { transports: [transport.name] } : {};
  await enters(visitor, { ...only, ...options });
  await visitor.hears("connect");
  return visitor;
}

function sessionId(visitor) {
  return visitor.does(() => socket.transport.sessionid);
}

/** Why that client has gone. */
async function farewell(stage, server, sessionId) {
  const witness = await arrives(stage, server, { name: "websocket" });
  await witness.sends({ do: "farewell", sessionId });
  return (await witness.reads(1))[0];
}

/** What it sends goes to a session that is not there any more, and it does not notice. */
async function assertPostsInVain(visitor) {
  const isPost = (response) => response.request().method() === "POST";
  const [answer] = await Promise.all([
    visitor.page.waitForResponse(isPost),
    visitor.sends("in vain"),
  ]);
  assert.equal(answer.status(), 404);
  assert.equal(await visitor.knows("connected"), true);
}

/** Two heartbeats went, and the answer to the second. */
async function heartbeats(page) {
  const socket = await page.waitForEvent("websocket", { timeout: LONGEST_PAUSE });
  const second = ({ payload }) => payload === "~m~4~m~~h~2";
  await socket.waitForEvent("framesent", { predicate: second, timeout: LONGEST_PAUSE });
}

/** The answer to the second heartbeat has been taken. */
async function postedHeartbeats(page) {
  const isSecond = (request) => request.postData() === "data=~m~4~m~~h~2";
  await page.waitForResponse((response) => isSecond(response.request()) && response.ok(), {
    timeout: LONGEST_PAUSE,
  });
}

/** A poll was held for as long as one may be, and answered empty. */
async function emptyPoll(page) {
  const isPoll = (request) => request.method() === "GET" && /-polling\/[^/]/.test(request.url());
  await page.waitForResponse(
    async (response) => isPoll(response.request()) && /^$|\(""\);$/.test(await response.text()),
    { timeout: LONGEST_PAUSE },
  );
}
