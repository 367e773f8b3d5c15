import assert from "node:assert/strict";
import { describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { TRANSPORTS } from "./transports.mjs";

const COUNT = 50;

const MESSAGES = {
  "an empty string": "",
  "a string": "Hello world",
  "what looks like a frame and annotations": "1:3:r:chat\nj\n:{},",
  "what looks like a boundary": "\n--socketio\nContent-Type: text/plain\n\n--socketio\n",
  "what looks like an event": " \n\nid: 0\nevent: json\ndata: 0\n\n: no",
  "what looks like a script": "</script><script>throw 0</script><!--<script>",
  "an object": { text: "héllo", list: [1, 2.5, null, true], deep: { empty: {} } },
  "an array": ["one", 2],
  "line ends": "CR LF\r\nLF\nCR\rend",
  emoji: "😀 👩‍👩‍👧 🇩🇪",
  "an object with emoji": { "😀": "👩‍👩‍👧" },
  "U+2028 and U+2029": "line\u2028paragraph\u2029end",
  "100 KB": "Zwölf Boxkämpfer 🥊 ".repeat(5_200),
};

const numbers = (prefix) => Array.from({ length: COUNT }, (_, index) => `${prefix}${index}`);

/**
 * All that has to hold of a transport, tested for each of them.
 *
 * @param {() => object} server where the pages go.
 */
export function eachTransport(server) {
  for (const transport of TRANSPORTS) {
    describe(transport.name, { concurrency: 2 }, () => scenarios(server, transport));
  }
}

function scenarios(server, { name, pulse }) {
  const over = (what, play, ...rest) => scenario(`${name}: ${what}`, play, ...rest);

  over("an idle session outlives the server's intervals", async (stage) => {
    const visitor = await stage.visitor(name);
    const enters = async () => {
      await visitor.opens(server().origin);
      await visitor.enters({ transports: [name] });
    };
    await Promise.all([pulse(visitor.page), enters()]);
    await visitor.sends("still here");
    assert.deepEqual(await visitor.reads(1), ["still here"]);
    assert.equal((await visitor.hears("connect")).length, 1);
    assert.deepEqual(visitor.notes.of("disconnect"), []);
  });

  over("it connects over this transport", async (stage) => {
    const visitor = await stage.guest(server(), name);
    assert.equal(await visitor.knows("connected"), true);
    assert.equal(await visitor.knows("transport"), name);
    assert.match(await visitor.knows("sessionId"), /^[\w-]{20}$/);
  });

  over("messages of every kind come and go unchanged", async (stage) => {
    const visitor = await stage.guest(server(), name);
    for (const [index, [what, message]] of Object.entries(MESSAGES).entries()) {
      await visitor.sends(message);
      const echoes = await visitor.reads(index + 1);
      assert.deepEqual(echoes.slice(index), [message], what);
    }
    assert.deepEqual(await visitor.asks("received"), [Object.values(MESSAGES)]);
  });

  over(`${COUNT} messages keep their order both ways`, async (stage) => {
    const visitor = await stage.guest(server(), name);
    await visitor.sends(...numbers("up "));
    await visitor.tells("count", COUNT);
    const all = [...numbers("up "), ...numbers("")];
    assert.deepEqual(await visitor.reads(all.length), all);
    assert.deepEqual(await visitor.asks("received"), [numbers("up ")]);
  });

  over("events are acknowledged both ways", async (stage) => {
    const visitor = await stage.guest(server(), name);
    assert.deepEqual(await visitor.asks("echo"), []);
    const args = ["one", { two: "😀" }, [3]];
    assert.deepEqual(await visitor.asks("echo", ...args), args);
    await visitor.does(() => {
      socket.on("question", (question, answer) => answer(`${question} Well.`, 2));
    });
    assert.deepEqual(await visitor.asks("ask", "How are you?"), ["How are you? Well.", 2]);
  });

  over("two sockets on one page do not mix", async (stage) => {
    const visitor = await stage.guest(server(), name);
    await visitor.does((options) => {
      window.second = new io.Socket(null, options);
      // Both number what they ask from 1.
      window.ask = (each, what) => new Promise((resolve) => each.emit("echo", what, resolve));
    }, { transports: [name] });
    const both = () => Promise.all([ask(second, "two"), ask(socket, "one")]);
    assert.deepEqual(await visitor.does(both), ["two", "one"]);
    await visitor.does(() => void second.disconnect());
    assert.equal(await visitor.does(() => ask(socket, "three")), "three");
  });

  over("a realm is heard inside and nowhere else", async (stage) => {
    const realm = `of ${name}`;
    const guests = await Promise.all([1, 2, 3].map(() => stage.guest(server(), name)));
    const [member, other, leaver] = guests;
    await member.asks("open", realm);
    for (const each of guests) {
      await each.attends(realm, "connect", "message", "said", "disconnect");
      await each.hears(`${realm}/connect`);
    }
    await leaver.inRealm(realm, "disconnect");
    // The server takes what comes from one client one after the other.
    await leaver.asks("echo");

    await member.inRealm(realm, "send", "Hello");
    await other.hears(`${realm}/message`);
    await other.inRealm(realm, "send", { hello: "too" });
    await other.inRealm(realm, "emit", "say", "an event");
    for (const each of [member, other]) {
      assert.deepEqual(await each.hears(`${realm}/said`), [["an event"]]);
      assert.deepEqual(each.notes.of(`${realm}/message`), [["Hello"], [{ hello: "too" }]]);
    }

    // What went to a client before comes before the answer to this.
    for (const each of guests) await each.asks("echo");
    assert.deepEqual(leaver.notes.of(`${realm}/message`), []);
    assert.deepEqual(leaver.notes.of(`${realm}/said`), []);
    assert.deepEqual(leaver.notes.of(`${realm}/disconnect`), [["io client disconnect"]]);
    for (const each of guests) assert.deepEqual(each.notes.of("message"), []);
  });

  over("the server disconnects the client", async (stage) => {
    const witness = await stage.guest(server(), "websocket");
    const visitor = await stage.guest(server(), name, { reconnect: false });
    const sessionId = await visitor.knows("sessionId");
    await visitor.tells("kick");
    assert.deepEqual(await visitor.hears("disconnect"), [["io server disconnect"]]);
    assert.equal(await visitor.knows("connected"), false);
    assert.deepEqual(await witness.asks("farewell", sessionId), ["server namespace disconnect"]);
  });

  over("the client disconnects", async (stage) => {
    const witness = await stage.guest(server(), "websocket");
    const visitor = await stage.guest(server(), name);
    const sessionId = await visitor.knows("sessionId");
    await visitor.does(() => void socket.disconnect());
    assert.deepEqual(await visitor.hears("disconnect"), [["io client disconnect"]]);
    assert.equal(await visitor.knows("connected"), false);
    assert.deepEqual(await witness.asks("farewell", sessionId), ["client namespace disconnect"]);
  });
}
