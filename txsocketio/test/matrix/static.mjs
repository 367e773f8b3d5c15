import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { serveApplication } from "../genuine/programs.mjs";

const FOLDER = fileURLToPath(new URL("../", import.meta.url));
const TYPES = { ".html": "text/html", ".mjs": "text/javascript", ".js": "text/javascript" };

/** Serve the pages, from another origin than the server that they talk to. */
export async function serveFiles() {
  const server = createServer(async (request, response) => {
    const name = path.join(FOLDER, new URL(request.url, "http://localhost").pathname);
    try {
      const body = await readFile(name);
      response.setHeader("Content-Type", `${TYPES[path.extname(name)]}; charset=utf-8`);
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  return { origin: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

/** Start our server with the matrix's application, and with the same pages, for those at home. */
export function serveMatrix(...options) {
  const everybody = ["--origins", "*:*", "--static", FOLDER];
  return serveApplication("txsocketio.test.matrix.app:attach", ...everybody, ...options);
}
