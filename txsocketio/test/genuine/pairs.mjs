import assert from "node:assert/strict";

import { scenario } from "./scenario.mjs";
import { NAMES } from "./transports.mjs";

/**
 * A test for every pair of transports: two pages chat. They must have the
 * server for themselves, since a broadcast goes to all of its clients.
 *
 * @param {() => object[]} servers where the one and the other page goes.
 */
export function everyPair(servers) {
  for (const one of NAMES) {
    for (const two of NAMES) {
      scenario(`one over ${one}, one over ${two}`, async (stage) => {
        const [here, there] = servers();
        const pages = await Promise.all([stage.guest(here, one), stage.guest(there, two)]);
        await broadcastToEachOther(...pages);
        await chatInRealm(pages, `${one} and ${two}`);
      });
    }
  }
}

async function broadcastToEachOther(first, second) {
  await first.tells("tell", "from the first");
  assert.deepEqual(await second.reads(1), ["from the first"]);
  await second.tells("tell", { from: "the second" });
  assert.deepEqual(await first.reads(1), [{ from: "the second" }]);
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
