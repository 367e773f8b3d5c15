/**
 * How the clients are spoken to, which differs from one generation to another, under
 * the names that clients.mjs gives.
 *
 * - `connect(io, url, way, options)`: a socket on a connection of its own, with
 *   `options.query` for the server;
 * - `enter(socket, name)`: the socket of that namespace, on the connection of `socket`;
 * - `enterAgain(socket, root, name)`: let such a socket, which has left, back in;
 * - `letGo(socket)`: close its connection, whoever else uses it;
 * - `send(socket, message)`: send a message;
 * - `isConnected(socket)`;
 * - `carrier(socket)`: the name of the transport that carries it now;
 * - `carriedBy(way)`: the one that carries it in the end, where it comes over that way;
 * - `isBusy(socket)`: whether it would drop what it says now, should it be closed;
 * - `onUpgrade(socket, heard)`: call `heard` once it has gone over to another transport;
 * - `onRefusal(socket, heard)`: call `heard` with what tells of a refusal;
 * - `refusal(message, data)`: what that should be;
 * - `reasons`: what is told where the client or the server has ended it.
 */
import { Correspondent } from "./correspondent.mjs";

const PATIENT = {
  multiplex: false,
  reconnectionDelay: 200,
  reconnectionDelayMax: 1_000,
  // Those that a busy server leaves to wait are not to give up on it.
  timeout: 30_000,
};

const WAYS = {
  polling: { transports: ["polling"] },
  jsonp: { transports: ["polling"], forceJSONP: true },
  websocket: { transports: ["websocket"] },
  upgrade: { transports: ["polling", "websocket"] },
};

const since1 = {
  connect: (io, url, way, options) => io(url, { ...PATIENT, ...WAYS[way], ...options }),
  enter: (socket, name) => socket.io.socket(name),
  enterAgain: (socket) => socket.connect(),
  letGo: (socket) => socket.io.disconnect(),
  send: (socket, message) => socket.send(message),
  isConnected: (socket) => socket.connected,
  carrier: (socket) => socket.io.engine.transport.name,
  carriedBy: (way) => WAYS[way].transports.at(-1),
  isBusy: () => false,
  onUpgrade: (socket, heard) => socket.io.engine.once("upgrade", heard),
  // The data takes the message's place, where there is any.
  onRefusal: (socket, heard) => socket.once("error", heard),
  refusal: (_, data) => data,
  reasons: { client: "io client disconnect", server: "io server disconnect" },
};

const since3 = {
  ...since1,
  onRefusal: (socket, heard) =>
    socket.once("connect_error", ({ message, data }) => heard({ message, data })),
  refusal: (message, data) => ({ message, data }),
};

// Those before 1.0 stay with the transport that they have begun with.
const before1 = { carriedBy: (way) => way, isBusy: () => false, onUpgrade: () => {} };

/** In Node, 0.7 throws an error that nobody listens to. */
const hardened = (socket) => {
  for (const each of [socket, socket.socket]) each.on("error", () => {});
  return socket;
};

const since07 = {
  ...before1,
  connect(io, url, way, { query }) {
    // The option of that name would be written over the beginning of this.
    io.transports = [way];
    const socket = io.connect(url, {
      query: new URLSearchParams(query).toString(),
      "force new connection": true,
      "connect timeout": 30_000,
      // 0.7 and 0.8 trip over two handshakes at once, as a busy server may make of less.
      "reconnection delay": 3_000,
      "max reconnection attempts": Infinity,
    });
    return hardened(socket);
  },
  enter: (socket, name) => hardened(socket.of(name)),
  letGo: (socket) => socket.socket.disconnect(),
  send: (socket, message) =>
    typeof message === "string" ? socket.send(message) : socket.json.send(message),
  isConnected: (socket) => socket.socket.connected,
  carrier: (socket) => socket.socket.transport.name,
  // It posts, and what comes meanwhile waits.
  isBusy: ({ socket }) => socket.connected && socket.doBuffer,
  onRefusal: (socket, heard) => socket.once("connect_failed", heard),
  refusal: () => "unauthorized",
  reasons: { client: "booted", server: "booted" },
};

/** Those that have no query: let it be asked for what the query would have brought. */
const asked = (socket, { count } = {}) => {
  if (count) socket.emit("count", 0, count);
  return socket;
};

const place = (url) => {
  const { protocol, hostname, port } = new URL(url);
  return [hostname, { port, secure: protocol === "https:" }];
};

const messages = {
  ...before1,
  connect(io, url, way, { query }) {
    const [host, options] = place(url);
    const socket = new io.Socket(host, {
      ...options,
      resource: "socket.io-0.6",
      transports: [way],
      rememberTransport: false,
      connectTimeout: 30_000,
      reconnectionDelay: 200,
      maxReconnectionAttempts: 100,
    });
    socket.connect();
    return asked(new Correspondent(socket), query);
  },
  letGo: (socket) => socket.disconnect(),
  send: (socket, message) => socket.send(message),
  isConnected: (socket) => socket.connected,
  carrier: (socket) => socket.carrier,
  reasons: {},
};

const script = {
  ...since3,
  ...before1,
  connect(io, url, way, { query }) {
    const [host, options] = place(url);
    const socket = new io.Socket(host, {
      ...options,
      transports: [way],
      connectTimeout: 30_000,
      reconnectionDelay: 200,
      reconnectionDelayMax: 1_000,
    });
    return asked(socket, query);
  },
  enter: (socket, name) => socket.realm(name.slice(1)),
  enterAgain: (_, root, name) => root.realm(name.slice(1)),
  letGo: (socket) => socket.disconnect(),
  carrier: (socket) => socket.transport,
};

export const MANNERS = { messages, script, since07, since1, since3 };
