import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";
import { NAMES } from "./transports.mjs";

const OPTIONS = {
  // Longer than from one heartbeat to the next. Over server-events a browser looks
  // for its lost server in silence; over the others it knows at once.
  timeout: 12_000,
  reconnectionDelayMax: 2_000,
};

describe("when the server restarts", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  for (const [how, end] of [
    ["saying goodbye", () => server.stop()],
    ["without a word", () => server.kill()],
  ]) {
    scenario(`${how}, clients over every transport come back`, async (stage) => {
      const enters = (name) => stage.guest(server, name, OPTIONS);
      const visitors = await Promise.all(NAMES.map(enters));
      const before = await Promise.all(visitors.map((each) => each.knows("sessionId")));
      await end();
      for (const each of visitors) {
        await each.hears("disconnect");
        await each.sends("in the meantime");
      }
      await server.start();
      await Promise.all(visitors.map((visitor, index) => comesBack(visitor, NAMES[index])));
      const now = await Promise.all(visitors.map((each) => each.knows("sessionId")));
      assert.equal(new Set([...before, ...now]).size, 2 * visitors.length);
    });
  }
});

async function comesBack(visitor, transport) {
  await visitor.hears("reconnect");
  assert.equal(await visitor.knows("transport"), transport);
  await visitor.sends("again");
  assert.deepEqual(await visitor.reads(2), ["in the meantime", "again"]);
  assert.deepEqual(await visitor.asks("received"), [["in the meantime", "again"]]);
}
