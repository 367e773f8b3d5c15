import assert from "node:assert/strict";

import { PATIENCE } from "./deadline.mjs";
import { scenario } from "./scenario.mjs";
import { NAMES } from "./transports.mjs";

const OPTIONS = { reconnectionDelayMax: 2_000 };

// Over it a browser looks for its lost server in silence; over the others it knows at
// once. Longer than from one heartbeat to the next, but too short for a poll.
const SILENT = "server-events";
const SILENCE = { timeout: 12_000 };

const ENDS = [
  ["saying goodbye", (server) => server.stop()],
  ["without a word", (server) => server.kill()],
];

/**
 * Clients over every transport come back, with what was sent meanwhile.
 *
 * @param {() => object} server the one that is restarted.
 * @param {() => object} door what they connect to; the server itself by default.
 */
export function comeBack(server, door = server) {
  for (const [how, end] of ENDS) {
    const play = async (stage) => {
      const options = (name) => ({ ...OPTIONS, ...(name === SILENT && SILENCE) });
      const enters = (name) => stage.guest(door(), name, options(name));
      const visitors = await Promise.all(NAMES.map(enters));
      const before = await Promise.all(visitors.map((each) => each.knows("sessionId")));
      await end(server());
      for (const each of visitors) {
        await each.hears("disconnect");
        await each.sends("in the meantime");
      }
      await server().start();
      await Promise.all(visitors.map((visitor, index) => isBack(visitor, NAMES[index])));
      const now = await Promise.all(visitors.map((each) => each.knows("sessionId")));
      assert.equal(new Set([...before, ...now]).size, 2 * visitors.length);
    };
    scenario(`${how}, clients over every transport come back`, play, 6 * PATIENCE);
  }
}

async function isBack(visitor, transport) {
  await visitor.hears("reconnect");
  assert.equal(await visitor.knows("transport"), transport);
  await visitor.sends("again");
  assert.deepEqual(await visitor.reads(2), ["in the meantime", "again"]);
  assert.deepEqual(await visitor.asks("received"), [["in the meantime", "again"]]);
}
