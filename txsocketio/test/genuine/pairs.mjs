import assert from "node:assert/strict";
import { after, before } from "node:test";

import { scene, Stage } from "./scenario.mjs";
import { NAMES } from "./transports.mjs";

/**
 * A test for every pair of transports: two pages chat. Each page stays for all
 * tests of its transport, and so hears what all the others broadcast.
 *
 * @param {() => object[]} servers where the one and the other page goes.
 */
export function everyPair(servers) {
  const stage = new Stage();
  let here, there;
  before(async () => {
    const six = (server) => Promise.all(NAMES.map((name) => stage.guest(server, name)));
    [here, there] = await Promise.all(servers().map(six));
  });
  after(() => stage.close());

  for (const [first, one] of NAMES.entries()) {
    for (const [second, two] of NAMES.entries()) {
      scene(`one over ${one}, one over ${two}`, stage, async () => {
        const pages = [here[first], there[second]];
        const pair = `${one} and ${two}`;
        await broadcastToEachOther(pages, pair);
        await chatInRealm(pages, pair);
      });
    }
  }
}

async function broadcastToEachOther([first, second], pair) {
  const [question, answer] = [{ pair, text: "Is anybody here?" }, { pair, text: "I am. 😀" }];
  await first.tells("tell", question);
  await second.notes.include("message", [question]);
  await second.tells("tell", answer);
  await first.notes.include("message", [answer]);
  const heard = ({ notes }) => notes.of("message").filter(([message]) => message.pair === pair);
  assert.deepEqual([heard(first), heard(second)], [[[answer]], [[question]]]);
}

async function chatInRealm(pages, realm) {
  const [first, second] = pages;
  await first.asks("open", realm);
  for (const each of pages) {
    await each.attends(realm, "connect", "message");
    await each.hears(`${realm}/connect`);
  }
  await first.inRealm(realm, "send", "Is anybody here?");
  await second.hears(`${realm}/message`);
  await second.inRealm(realm, "send", { answer: "I am. 😀" });
  for (const each of pages) {
    const heard = await each.hears(`${realm}/message`, 2);
    assert.deepEqual(heard, [["Is anybody here?"], [{ answer: "I am. 😀" }]]);
  }
}
