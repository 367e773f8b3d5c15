import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";
import { TRANSPORTS } from "./transports.mjs";

describe("a page of another origin", () => {
  let home, open, closed;
  before(async () => {
    home = await serveTests();
    [open, closed] = await Promise.all([serveTests("--origins", home.origin), serveTests()]);
  });
  after(() => Promise.all([home, open, closed].map((server) => server.stop())));

  for (const { name, refusal } of TRANSPORTS) {
    scenario(`${name}: is served where its origin is allowed`, async (stage) => {
      const visitor = await entersFrom(home, open, stage, name);
      await visitor.hears("connect");
      await visitor.sends("Hello", { "😀": 1 });
      assert.deepEqual(await visitor.reads(2), ["Hello", { "😀": 1 }]);
      assert.deepEqual(await visitor.asks("echo", "line\u2028s"), ["line\u2028s"]);
    });

    scenario(`${name}: is turned away elsewhere`, async (stage) => {
      const visitor = await entersFrom(home, closed, stage, name);
      await visitor.hears("connect_failed");
      assert.equal(await visitor.knows("connected"), false);
      assert.deepEqual(visitor.notes.of("connect"), []);
      const shown = [...visitor.notes.of("console"), ...visitor.notes.of("dialog")];
      assert.match(shown.join("\n"), refusal);
    });
  }
});

async function entersFrom(home, server, stage, transport) {
  stage.watches(server);
  const visitor = await stage.visitor(transport);
  await visitor.opens(home.origin);
  await visitor.enters({ transports: [transport], port: server.port }, server.host);
  return visitor;
}
