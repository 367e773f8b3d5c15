/** A cell in Node: its commands are names of checks, a line each; players.mjs starts it. */
import { createRequire } from "node:module";
import readline from "node:readline";

import { Cell } from "./cell.mjs";

const load = createRequire(import.meta.url);
const seat = JSON.parse(process.argv[2]);
const [io, laterIo] = [seat.client, seat.later].map((client) => load(client.package));
const cell = new Cell(seat, io, laterIo);

for await (const name of readline.createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify({ played: name, ...(await cell.plays(name)) })}\n`);
}
process.exit();
