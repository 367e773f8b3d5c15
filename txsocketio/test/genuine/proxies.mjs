import { after } from "node:test";

import { PROXIES, removeFolders, standBefore } from "./doors.mjs";
import { serveTests } from "./server.mjs";

export { PROXIES };

after(removeFolders);

/**
 * A server with the tests' own application, and a proxy in front of it.
 *
 * @param {object} proxy one of PROXIES.
 * @param {...string} options further ones for `twistd socketio`.
 */
export async function serveBehind(proxy, ...options) {
  return standBefore(proxy, await serveTests(...options));
}
