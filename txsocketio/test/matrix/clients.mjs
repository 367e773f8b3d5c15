/**
 * Every generation of clients, each one entry here:
 *
 * - `version`, under which package.json knows it as `socket.io-client-VERSION`;
 * - `bundle`, what a page loads of the package;
 * - `manner`, the name of how it is spoken to, in manners.mjs;
 * - `ways` over which it comes, at each place where it runs;
 * - `cannot`, what the client itself cannot do, by the check's name, with the reason.
 *   A way that is not there has its reason in `absent`.
 */

const EVERYWHERE = {
  node: ["polling", "websocket", "upgrade"],
  chromium: ["polling", "jsonp", "websocket", "upgrade"],
};
const IN_NODE = "jsonp in node: it puts scripts in a page, and there is none";

const DIST = "dist/socket.io.js";
const NO_VOLATILE = { "volatile, of the client's": "clients can send volatile events since 3.0" };

/** What the clients before 3 have in common. */
const EARLY = {
  bundle: DIST,
  manner: "since1",
  ways: EVERYWHERE,
  absent: [IN_NODE],
  cannot: NO_VOLATILE,
};
const LATE = { ...EARLY, manner: "since3", cannot: {} };

export const CLIENTS = [
  { ...EARLY, version: "1.0.6", bundle: "socket.io.js" },
  { ...EARLY, version: "1.7.4" },
  { ...EARLY, version: "2.0.4" },
  { ...EARLY, version: "2.5.0" },
  { ...LATE, version: "3.1.3" },
  { ...LATE, version: "4.0.2" },
  {
    ...LATE,
    version: "4.8.4",
    ways: { ...EVERYWHERE, chromium: EVERYWHERE.node },
    absent: ["jsonp: it left the client in 4.1"],
  },
];
