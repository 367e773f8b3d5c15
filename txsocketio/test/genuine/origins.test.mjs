import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { entersFrom, turnedAway } from "./origins.mjs";
import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";
import { ACROSS } from "./transports.mjs";

describe("a page of another origin", () => {
  let home, open, closed;
  before(async () => {
    home = await serveTests();
    [open, closed] = await Promise.all([serveTests("--origins", home.origin), serveTests()]);
  });
  after(() => Promise.all([home, open, closed].map((server) => server.stop())));

  for (const { name } of ACROSS) {
    scenario(`${name}: is served where its origin is allowed`, async (stage) => {
      const visitor = await entersFrom(home, open, stage, name);
      await visitor.hears("connect");
      await visitor.sends("Hello", { "😀": 1 });
      assert.deepEqual(await visitor.reads(2), ["Hello", { "😀": 1 }]);
      assert.deepEqual(await visitor.asks("echo", "line\u2028s"), ["line\u2028s"]);
    });
  }

  scenario("htmlfile: is passed over where its origin is allowed", async (stage) => {
    const visitor = await entersFrom(home, open, stage, "htmlfile", "xhr-polling");
    await visitor.hears("connect");
    assert.equal(await visitor.knows("transport"), "xhr-polling");
    assert.doesNotMatch(open.log, /htmlfile/);
  });

  turnedAway(
    () => home,
    () => closed,
  );
});
