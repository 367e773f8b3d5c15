import { after, before, describe } from "node:test";

import { everyPair } from "./pairs.mjs";
import { serveTests } from "./server.mjs";

describe("two pages chat", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  everyPair(() => [server, server]);
});
