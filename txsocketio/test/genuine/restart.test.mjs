import { after, before, describe } from "node:test";

import { comeBack } from "./restart.mjs";
import { serveTests } from "./server.mjs";

describe("when the server restarts", () => {
  let server;
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  comeBack(() => server);
});
