import { after, before, describe } from "node:test";

import { eachTransport } from "./eachtransport.mjs";
import { serveTests } from "./server.mjs";

describe("over each transport", { concurrency: true }, () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  eachTransport(() => server);
});
