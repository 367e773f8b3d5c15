/**
 * A genuine server, which does for our client what matrix/app.py does for genuine ones:
 * `node host.mjs PACKAGE PORT`, PACKAGE being the name under which npm has it here.
 */
import { createServer } from "node:http";

const [name, port] = process.argv.slice(2);

// Short enough for several of them in each test of some seconds.
const OPTIONS = { pingInterval: 400, pingTimeout: 10_000, connectionStateRecovery: {} };
const AT_A_TIME = 10;
const PAUSE = 5;

const server = createServer();
const { Server, default: socketio } = await import(name);
const io = Server ? new Server(server, OPTIONS) : socketio(server, OPTIONS);

const farewells = new Map();

/** Resolve when the client of that id has gone. */
function farewell(id) {
  if (!farewells.has(id)) {
    let resolve;
    const promise = new Promise((done) => (resolve = done));
    farewells.set(id, { promise, resolve });
  }
  return farewells.get(id);
}

/** Send these numbers, a few at a time. */
async function count(socket, start, stop) {
  for (let each = start; each < stop; each++) {
    socket.emit("number", each);
    if (each % AT_A_TIME === 0) await new Promise((done) => setTimeout(done, PAUSE));
  }
}

/** Be host to all who come into a namespace. */
function serve(namespace) {
  namespace.on("connection", (socket) => {
    const notes = [];
    const serves = {
      message: (value) => socket.send(value),
      echo: (...args) => args.pop()(...args),
      bounce: (...args) => socket.emit(...args),
      octets: (data, answer) => answer([...data]),
      spell: (text, answer) => answer([...text].map((each) => each.codePointAt(0))),
      ask: (...args) => {
        const answer = args.pop();
        socket.emit("question", ...args, (...answers) => answer(answers));
      },
      where: (answer) => answer(namespace.name),
      join: (room, answer) => (socket.join(room), answer()),
      leave: (room, answer) => (socket.leave(room), answer()),
      tell: (room, ...args) => {
        socket.to(room).emit("heard", ...args);
      },
      shout: (room, ...args) => {
        namespace.to(room).emit("heard", ...args);
      },
      note: (value) => notes.push(value),
      notes: (answer) => answer(notes),
      count: (start, stop, answer) => count(socket, start, stop).then(answer),
      volatile: (many) => {
        for (let each = 0; each < many; each++) socket.volatile.emit("perhaps", each);
        socket.emit("certain");
      },
      whoami: (answer) => answer(socket.id, socket.recovered ?? false),
      brought: (answer) => {
        const { auth, query, headers } = socket.handshake;
        answer(auth ?? null, query, headers);
      },
      farewell: (id, answer) => farewell(id).promise.then(answer),
      kick: () => socket.disconnect(),
      close: () => socket.disconnect(true),
    };
    for (const [event, serve] of Object.entries(serves)) socket.on(event, serve);
    socket.on("disconnect", (reason) => farewell(socket.id).resolve(reason));
  });
}

serve(io.of("/"));
serve(io.of("/chat"));
io.of("/closed").use((socket, next) => {
  next(Object.assign(new Error("members only"), { data: { since: 2010 } }));
});
io.use((socket, next) => {
  const { auth, query } = socket.handshake;
  next((auth?.token ?? query.token) === "wrong" ? new Error("wrong token") : undefined);
});

server.listen(Number(port), "127.0.0.1", () => console.log(`listening on ${port}`));
