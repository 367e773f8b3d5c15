// Node's server, as its documentation has it: ws, no compression unless asked
// for, and the clients of Engine.IO 3 let in.
//
//     node node.js PORT '{"key": FILE, "certificate": FILE, "deflate": true}'

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createSecureServer } from "node:https";
import { Server } from "socket.io";

const [port, options] = process.argv.slice(2).map((text) => JSON.parse(text));

const server = options.key
  ? createSecureServer({
      key: readFileSync(options.key),
      cert: readFileSync(options.certificate),
    })
  : createServer();
const io = new Server(server, {
  allowEIO3: true,
  perMessageDeflate: options.deflate ?? false,
});

io.on("connection", (socket) => {
  socket.on("echo", (value) => socket.emit("echo", value));
  socket.on("all", (value) => io.emit("all", value));
});

server.listen(port, "127.0.0.1");
