import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { Cable } from "./cable.mjs";
import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";

describe("a stream", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  scenario("server-events: is taken up by the browser where it was cut", async (stage) => {
    const cable = await new Cable(server).lay();
    try {
      const visitor = await stage.guest(cable, "server-events");
      const sessionId = await visitor.knows("sessionId");
      const again = visitor.page.waitForResponse(/server-events$/);
      cable.cut();
      assert.equal((await again).status(), 200);
      await visitor.sends("Still here?");
      assert.deepEqual(await visitor.reads(1), ["Still here?"]);
      assert.equal(await visitor.knows("sessionId"), sessionId);
      assert.deepEqual(visitor.notes.of("disconnect"), []);
    } finally {
      cable.end();
    }
  });

  scenario("server-events: is lost when the server knows it no more", async (stage) => {
    const visitor = await stage.guest(server, "server-events", { timeout: Infinity });
    await server.kill();
    await server.start();
    await visitor.hears("reconnect");
    await visitor.hears("disconnect");
  });

  scenario("htmlfile: leaves nothing behind", async (stage) => {
    const visitor = await stage.guest(server, "htmlfile");
    await visitor.tells("count", 20);
    await visitor.reads(20);
    const [, outer, inner] = visitor.page.frames();
    assert.equal(inner.parentFrame(), outer);
    assert.equal(await inner.evaluate(() => document.scripts.length), 0);
    assert.equal(await visitor.does(() => "s" in window), false);
    await visitor.does(() => void socket.disconnect());
    await visitor.page.waitForFunction(() => document.querySelector("iframe") === null);
  });
});
