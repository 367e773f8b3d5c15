import assert from "node:assert/strict";

import { scenario } from "./scenario.mjs";
import { TRANSPORTS } from "./transports.mjs";

/**
 * A test for each transport: a page of one origin is turned away by another.
 *
 * @param {() => object} home where the page comes from.
 * @param {() => object} server where it wants to go.
 */
export function turnedAway(home, server) {
  for (const { name, refusal } of TRANSPORTS) {
    scenario(`${name}: is turned away elsewhere`, async (stage) => {
      const visitor = await entersFrom(home(), server(), stage, name);
      await visitor.hears("connect_failed");
      assert.equal(await visitor.knows("connected"), false);
      assert.deepEqual(visitor.notes.of("connect"), []);
      const shown = [...visitor.notes.of("console"), ...visitor.notes.of("dialog")];
      assert.match(shown.join("\n"), refusal);
    });
  }
}

/** A page of the one origin that connects to the other, over that transport. */
export async function entersFrom(home, server, stage, transport) {
  stage.watches(server);
  const visitor = await stage.visitor(transport);
  await visitor.opens(home.origin);
  const { host, port, secure } = server;
  await visitor.enters({ transports: [transport], port, secure }, host);
  return visitor;
}
