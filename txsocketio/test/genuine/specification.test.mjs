import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { runScript } from "./server.mjs";

describe("the specification's own example", () => {
  let server;
  before(async () => (server = await runScript("examples/specification/server.py")));
  after(() => server.stop());

  scenario("its page meets its server", async (stage) => {
    stage.watches(server);
    const visitor = await stage.visitor("visitor");
    await visitor.opens(`${server.origin}/index.html`);
    await visitor.page.getByText("connect", { exact: true }).waitFor();
    await visitor.sends("Hello from the page");
    await server.prints(/message: Hello from the page/);
    await visitor.does(() => void socket.disconnect());
    await server.prints(/disconnect: client namespace disconnect/);
    await visitor.page.getByText("disconnect", { exact: true }).waitFor();
  });

  scenario("what it serves besides is left alone", async (stage) => {
    const visitor = await stage.visitor("visitor");
    for (const path of ["/", "/anything/else", "/socket.iox"]) {
      await visitor.page.goto(server.origin + path);
      assert.equal(await visitor.page.content(), HELLO, path);
    }
  });
});

const HELLO = "<html><head></head><body><h1>Hello world</h1></body></html>";
