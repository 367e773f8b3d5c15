import assert from "node:assert/strict";

import { scenario } from "./scenario.mjs";
import { ACROSS } from "./transports.mjs";

/**
 * A test for each transport that could do it: a page of one origin is turned away by another.
 *
 * @param {() => object} home where the page comes from.
 * @param {() => object} server where it wants to go.
 */
export function turnedAway(home, server) {
  for (const { name, refusal } of ACROSS) {
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

/** A page of the one origin that connects to the other, over one of these transports. */
export async function entersFrom(home, server, stage, ...transports) {
  stage.watches(server);
  const visitor = await stage.visitor(transports[0]);
  await visitor.opens(home.origin);
  const { host, port, secure } = server;
  await visitor.enters({ transports, port, secure }, host);
  return visitor;
}
