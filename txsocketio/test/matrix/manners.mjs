/**
 * How the clients are spoken to, which differs from one generation to another, under
 * the names that clients.mjs gives.
 *
 * - `connect(io, url, way, options)`: a socket on a connection of its own;
 * - `enter(socket, name)`: the socket of that namespace, on the connection of `socket`;
 * - `letGo(socket)`: close its connection, whoever else uses it;
 * - `carrier(socket)`: the name of the transport that carries it now;
 * - `onUpgrade(socket, heard)`: call `heard` once it has gone over to another transport;
 * - `onRefusal(socket, heard)`: call `heard` with the message and the data of a refusal.
 */

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
  letGo: (socket) => socket.io.disconnect(),
  carrier: (socket) => socket.io.engine.transport.name,
  onUpgrade: (socket, heard) => socket.io.engine.once("upgrade", heard),
  // The data takes the message's place, where there is any.
  onRefusal: (socket, heard) => socket.once("error", (data) => heard(data, data)),
};

const since3 = {
  ...since1,
  onRefusal: (socket, heard) =>
    socket.once("connect_error", ({ message, data }) => heard(message, data)),
};

export const MANNERS = { since1, since3 };
