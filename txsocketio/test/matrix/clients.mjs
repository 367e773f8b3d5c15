/**
 * Every generation of clients, each one entry here:
 *
 * - `version`, or a name of its own;
 * - `speaks`, its generation, as the server's option `protocol` names it;
 * - `package`, under which package.json knows it, where it is one for Node;
 * - `bundle`, what a page loads: a path in that package, or at our server's;
 * - `manner`, the name of how it is spoken to, in manners.mjs;
 * - `script`, what plays its checks at other places, in Python;
 * - `ways` over which it comes, at each place where it runs;
 * - `spoils`, over which ways a page cannot be used again that it has been in;
 * - `cannot`, what the client itself cannot do, with the reason: at any `place` and over
 *   any `way`, or at that and over that alone; a whole way, or a `check` of checks.mjs.
 */
const EVERYWHERE = {
  node: ["polling", "websocket", "upgrade"],
  chromium: ["polling", "jsonp", "websocket", "upgrade"],
};

const BEFORE_1 = ["websocket", "flashsocket", "htmlfile", "xhr-polling", "jsonp-polling"];

/** What pages get of us that browsers of the time had, in ../genuine/lent/. */
export const LENT = new Set(["flashsocket", "htmlfile", "xhr-multipart"]);

/** Whose pages must come from the server's own origin. */
export const AT_HOME = new Set(["htmlfile"]);

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

const NO_BINARY = ["binary to the server", "binary to the client"].map((check) => ({
  check,
  reason: "there is no binary data before 1.0",
}));
const NO_WAY_BACK = {
  check: "namespace, left and entered again",
  reason: "what is left cannot be entered again on the same connection",
};

const NOTHING_BUT_MESSAGES = [
  ...["event", "ack both ways"].map((check) => ({
    check,
    reason: "there is nothing but messages in 0.6",
  })),
  ...["namespace", "namespace, left and entered again", "refusal, by middleware"].map((check) => ({
    check,
    reason: "there are no namespaces in 0.6",
  })),
  { check: "client disconnect, with its goodbye", reason: "there is none in 0.6" },
];

const SINCE_0_7 = {
  speaks: "colon",
  bundle: "dist/socket.io.js",
  manner: "since07",
  ways: { node: ["websocket", "xhr-polling"], chromium: BEFORE_1 },
  cannot: [
    ...NO_BINARY,
    NO_WAY_BACK,
    NO_VOLATILE,
    {
      way: "htmlfile",
      check: "client disconnect, with its goodbye",
      reason: "it ends its stream while it posts that, and either may arrive first",
    },
  ],
};
const SINCE_0_8 = {
  ...SINCE_0_7,
  cannot: [
    ...SINCE_0_7.cannot,
    {
      way: "htmlfile",
      check: "reconnect after a server restart",
      reason: "it does not notice the end of its stream; 0.7 and 0.9 do after a minute",
    },
  ],
};

const EARLY = {
  speaks: "eio3",
  bundle: "dist/socket.io.js",
  manner: "since1",
  ways: EVERYWHERE,
  cannot: [NO_PAGE, NO_VOLATILE],
};
const LATE = { ...EARLY, speaks: "eio4", manner: "since3", cannot: [NO_PAGE] };

/** Our client for Twisted, as it speaks one generation; and what its refusals lack. */
const ours = (speaks, { ways = EVERYWHERE.node, cannot = [], ...more } = {}) => ({
  refusal: {},
  ...more,
  version: `our client, ${speaks}`,
  script: "in_twisted.py",
  speaks,
  ways: { python: ways },
  cannot: [{ way: "jsonp", reason: "JSONP puts scripts in a page" }, ...cannot],
});
const FIRST_WAYS = ["websocket", "xhr-polling"];

const npm = (version, client) => ({
  ...client,
  version,
  package: `socket.io-client-${version}`,
});

export const CLIENTS = [
  {
    version: "0.6.18",
    speaks: "0.6",
    package: "socket.io-0.6.18",
    bundle: "support/socket.io-client/socket.io.js",
    manner: "messages",
    ways: { chromium: [...BEFORE_1, "xhr-multipart"] },
    // It polls on for ever, disconnected or not.
    spoils: ["jsonp-polling"],
    cannot: [
      ...NO_BINARY,
      ...NOTHING_BUT_MESSAGES,
      NO_VOLATILE,
      {
        check: "message that is neither text nor object",
        reason: "it makes a text of it",
      },
      {
        way: "jsonp-polling",
        check: "rooms",
        reason: "of several sockets on one page, each takes away the script that another needs",
      },
      {
        way: "jsonp-polling",
        check: "reconnect after a server restart",
        reason: "its form keeps posting to the session that was",
      },
    ],
  },
  {
    version: "our script",
    speaks: "annotated",
    bundle: "/socket.io/socket.io.js",
    manner: "script",
    ways: {
      chromium: [
        ...["websocket", "server-events", "htmlfile"],
        ...["xhr-multipart", "xhr-polling", "jsonp-polling"],
      ],
    },
    cannot: [...NO_BINARY, NO_VOLATILE],
  },
  npm("0.7.11", SINCE_0_7),
  npm("0.8.7", SINCE_0_8),
  npm("0.9.17", SINCE_0_7),
  npm("1.0.6", { ...EARLY, bundle: "socket.io.js", cannot: [...EARLY.cannot, ...FIRST] }),
  npm("1.7.4", EARLY),
  npm("2.0.4", EARLY),
  npm("2.5.0", EARLY),
  npm("3.1.3", LATE),
  npm("4.0.2", LATE),
  npm("4.8.4", {
    ...LATE,
    ways: { ...EVERYWHERE, chromium: EVERYWHERE.node },
    cannot: [NO_JSONP],
  }),
  {
    version: "python-socketio",
    speaks: "eio4",
    script: "in_python.py",
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
  ours("0.6", {
    ways: FIRST_WAYS,
    resource: "socket.io-0.6",
    cannot: [
      ...NO_BINARY,
      ...NOTHING_BUT_MESSAGES,
      { ...NO_VOLATILE, reason: "there is nothing but messages in 0.6" },
    ],
  }),
  ours("annotated", { ways: FIRST_WAYS, cannot: NO_BINARY }),
  ours("colon", {
    ways: FIRST_WAYS,
    cannot: NO_BINARY,
    refusal: { message: "unauthorized", data: null },
  }),
  // The data takes the message's place on the wire.
  ours("eio3", { refusal: { message: '{"since":2010}' } }),
  ours("eio4"),
];

/** Of each generation the latest that a page can have. */
export const REPRESENTATIVES = [...new Set(CLIENTS.map(({ speaks }) => speaks))].map((generation) =>
  CLIENTS.findLast(({ speaks, bundle }) => speaks === generation && bundle),
);
