import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";

describe("where the server has xhr-polling only", () => {
  let server;
  before(async () => (server = await serveTests("--transports", "xhr-polling")));
  after(() => server.stop());

  scenario("a client that would rather have websocket falls back", async (stage) => {
    const visitor = await stage.visitor("visitor");
    await visitor.opens(server.origin);
    await visitor.enters({ transports: ["websocket", "xhr-polling"] });
    await visitor.hears("connect");
    assert.equal(await visitor.knows("transport"), "xhr-polling");
    await visitor.sends("Hello");
    assert.deepEqual(await visitor.reads(1), ["Hello"]);
  });

  scenario("a client that takes nothing else fails to connect", async (stage) => {
    const visitor = await stage.visitor("visitor");
    await visitor.opens(server.origin);
    await visitor.enters({ transports: ["websocket", "jsonp-polling"] });
    await visitor.hears("connect_failed");
    assert.equal(await visitor.knows("connected"), false);
  });
});

describe("where the server has no websocket", () => {
  let server;
  before(async () => {
    server = await serveTests("--transports", "jsonp-polling,xhr-polling,server-events,htmlfile");
  });
  after(() => server.stop());

  scenario("a client that has no wishes takes a stream", async (stage) => {
    const visitor = await stage.visitor("visitor");
    await visitor.opens(server.origin);
    await visitor.enters({});
    await visitor.hears("connect");
    assert.equal(await visitor.knows("transport"), "server-events");
  });
});
