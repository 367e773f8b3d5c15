/**
 * Every generation of clients, each one entry here:
 *
 * - `version`, under which package.json knows it as `socket.io-client-VERSION`, or the
 *   name of one that is not for JavaScript, whose checks are in in_python.py;
 * - `bundle`, what a page loads of the package;
 * - `manner`, the name of how it is spoken to, in manners.mjs;
 * - `ways` over which it comes, at each place where it runs;
 * - `cannot`, what the client itself cannot do, with the reason: at any `place` and over
 *   any `way`, or at that and over that alone; a whole way, or a `check` of checks.mjs.
 */
const EVERYWHERE = {
  node: ["polling", "websocket", "upgrade"],
  chromium: ["polling", "jsonp", "websocket", "upgrade"],
};

const NO_PAGE = { place: "node", way: "jsonp", reason: "JSONP puts scripts in a page" };
const NO_JSONP = { way: "jsonp", reason: "JSONP left the client in 4.1" };
const NO_VOLATILE = { check: "volatile, of the client's", reason: "it came in 3.0" };

const FIRST = [
  // The form is new, but the frame is looked for in it: an error, and each error closes.
  ...["server disconnect", "client disconnect"].map((check) => ({
    way: "jsonp",
    check,
    reason: "a JSONP connection that has sent something closes in endless recursion",
  })),
  {
    check: "client disconnect, with its goodbye",
    reason: "it may drop what it is about to send when it closes",
  },
  {
    check: "namespace, left and entered again",
    reason: "a socket that has left its namespace hears nothing any more",
  },
  {
    place: "node",
    check: "binary to the server",
    reason: "it sends zeros for Buffers that are Uint8Arrays, as all are since Node 3",
  },
];

const EARLY = {
  bundle: "dist/socket.io.js",
  manner: "since1",
  ways: EVERYWHERE,
  cannot: [NO_PAGE, NO_VOLATILE],
};
const LATE = { ...EARLY, manner: "since3", cannot: [NO_PAGE] };

export const CLIENTS = [
  {
    ...EARLY,
    version: "1.0.6",
    bundle: "socket.io.js",
    cannot: [...EARLY.cannot, ...FIRST],
  },
  { ...EARLY, version: "1.7.4" },
  { ...EARLY, version: "2.0.4" },
  { ...EARLY, version: "2.5.0" },
  { ...LATE, version: "3.1.3" },
  { ...LATE, version: "4.0.2" },
  {
    ...LATE,
    version: "4.8.4",
    ways: { ...EVERYWHERE, chromium: EVERYWHERE.node },
    cannot: [NO_JSONP],
  },
  {
    version: "python-socketio",
    ways: { python: EVERYWHERE.node },
    cannot: [
      { way: "jsonp", reason: "JSONP puts scripts in a page" },
      { check: "client disconnect, with its goodbye", reason: "it closes before it has sent that" },
      { check: "namespace, left and entered again", reason: "it leaves all of them at once" },
      {
        way: "polling",
        check: "reconnect after a server restart",
        reason: "it takes a goodbye in a poll for final; Node's server says one as well",
      },
      { check: NO_VOLATILE.check, reason: "it has none" },
      {
        way: "upgrade",
        check: "500 messages each way",
        reason: "nobody can send before it has changed over",
      },
    ],
  },
];
