import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";
import { NAMES } from "./transports.mjs";

// One after the other, since a broadcast goes to every client of the server.
describe("two pages chat", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  for (const one of NAMES) {
    for (const two of NAMES) {
      scenario(`one over ${one}, one over ${two}`, async (stage) => {
        const pages = await Promise.all([stage.guest(server, one), stage.guest(server, two)]);
        await broadcastToEachOther(...pages);
        await chatInRealm(pages, `${one} and ${two}`);
      });
    }
  }
});

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
