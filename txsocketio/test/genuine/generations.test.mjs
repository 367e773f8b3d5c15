import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, describe } from "node:test";

import { within } from "./deadline.mjs";
import { Notes } from "./notes.mjs";
import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";

const load = createRequire(import.meta.url);
const CLIENTS = { 2: load("socket.io-client-2"), 4: load("socket.io-client-4") };

// Over which the first protocol's page comes, and over which the others do.
const WAYS = [
  ["websocket", ["websocket"]],
  ["xhr-polling", ["polling"]],
  ["jsonp-polling", ["polling", "websocket"]],
];
const ARGUMENTS = ["Is anybody here? 😀\u2028", { deep: [null, true, -1.5, { "": [] }] }];

/** One of Node's clients, which is used as a Visitor is. */
class Member {
  constructor(generation, server, transports) {
    this.notes = new Notes(`a client of ${generation} over ${transports}`);
    const options = { transports, forceNew: true, reconnection: false };
    this.socket = CLIENTS[generation](server.origin, options);
    for (const name of ["connect", "message", "heard", "disconnect"]) {
      this.socket.on(name, (...args) => this.notes.add(name, args));
    }
  }

  hears(name, count = 1) {
    return this.notes.next(name, count);
  }

  tells(...args) {
    this.socket.emit(...args);
  }

  asks(...args) {
    const answered = new Promise((resolve) => {
      this.socket.emit(...args, (...answers) => resolve(answers));
    });
    return within(`${this.notes.owner}: the answer to ${args[0]}`, answered);
  }
}

describe("clients of three generations in one room", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  for (const [transport, transports] of WAYS) {
    scenario(`hear each other over ${transport} and ${transports.join(", ")}`, async (stage) => {
      const visitor = await stage.guest(server, transport);
      await visitor.does(() => hear(socket, "", "heard"));
      const others = [4, 2, 2, 4].map((each) => new Member(each, server, transports));
      try {
        await Promise.all(others.map((each) => each.hears("connect")));
        const [outsider, ...insiders] = others;
        await chatInRoom([visitor, ...insiders], transport);
        await hearsNothing(outsider);
        assert.deepEqual(outsider.notes.of("disconnect"), []);
      } finally {
        for (const each of others) each.socket.disconnect();
      }
    });
  }
});

async function chatInRoom(members, room) {
  for (const each of members) await each.asks("join", room);
  for (const [index, each] of members.entries()) {
    const number = index + 1;
    each.tells("shout", room, number, ...ARGUMENTS);
    each.tells("post", room, `text of ${number}`);
    each.tells("post", room, { of: number });
    await Promise.all(members.map((member) => member.hears("heard", number)));
    await Promise.all(members.map((member) => member.hears("message", 2 * number)));
  }
  const numbers = members.map((_, index) => index + 1);
  for (const { notes } of members) {
    const heard = numbers.map((number) => [number, ...ARGUMENTS]);
    assert.deepEqual(notes.of("heard"), heard, notes.owner);
    const messages = numbers.flatMap((number) => [[`text of ${number}`], [{ of: number }]]);
    assert.deepEqual(notes.of("message"), messages, notes.owner);
  }
}

/** Whatever was sent to it before would have come by now. */
async function hearsNothing(outsider) {
  await outsider.asks("echo");
  assert.deepEqual([outsider.notes.of("heard"), outsider.notes.of("message")], [[], []]);
}
