// Every client of clients.mjs, at every place and over every way, through every check of
// checks.mjs, against our server; or against another, which `--against COMMAND` starts
// with a port as its last argument, to see what the checks themselves are worth.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { closeBrowser } from "../genuine/chromium.mjs";
import { within } from "../genuine/deadline.mjs";
import { endPrograms, freePort, Program, serveApplication } from "../genuine/programs.mjs";
import { CHECKS, NAMES } from "./checks.mjs";
import { CLIENTS } from "./clients.mjs";
import { openPlayer } from "./players.mjs";
import { count, tables } from "./report.mjs";
import { serveFiles } from "./static.mjs";

// As many at once as keep two processors busy.
const AT_ONCE = 6;
const PATIENCE = 60_000;
const RESTART = NAMES.at(-1);
const LOG_SHOWN = 20_000;
const REASON_SHOWN = 200;

// What became of the server, each time that it stopped.
const endings = [];

const began = performance.now();

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    witness: { type: "string", default: CLIENTS.findLast(({ ways }) => ways.node).version },
    only: { type: "string", default: "" },
    check: { type: "string", default: "" },
    results: { type: "string", default: "results.json" },
  },
});

const say = (text) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);

const label = ({ client, place, way }) => `${client.version} in ${place} over ${way}`;

/** One client at one place over one way, and what came out of its checks. */
function cells() {
  return CLIENTS.flatMap((client) =>
    Object.entries(client.ways).flatMap(([place, ways]) =>
      ways.map((way) => ({ client, place, way, outcomes: [] })),
    ),
  ).filter((cell) => new RegExp(options.only).test(label(cell)));
}

async function serve() {
  if (!options.against) {
    return serveApplication("txsocketio.test.matrix.app:attach", "--origins", "*:*");
  }
  const port = await freePort();
  const command = [...options.against.split(" "), String(port)];
  const server = new Program("the other server", command, { ready: /listening/ });
  server.origin = `http://127.0.0.1:${port}`;
  await server.start();
  return server;
}

async function attempt(cell, name, play) {
  try {
    const trouble = await within(`${label(cell)}: ${name}`, play(), PATIENCE);
    return trouble;
  } catch (error) {
    return error.message;
  }
}

function record(cell, name, outcome, reason = undefined) {
  cell.outcomes.push({ check: name, outcome, reason });
  if (outcome === "failed") say(`FAIL ${label(cell)}: ${name}: ${reason}`);
}

/** Why the client cannot do that, or undefined. */
const whyNot = ({ client, place, way }, check) =>
  client.cannot.find((limit) =>
    Object.entries({ place, way, check }).every(([key, value]) => (limit[key] ?? value) === value),
  )?.reason;

/** Play all checks but the last. */
async function enact(cell, server, files) {
  const { client, way } = cell;
  const later = CLIENTS.find(({ version }) => version === options.witness);
  const seat = { url: server.origin, way, client, later };
  // Who cannot even connect is not asked to show more.
  let lost = await attempt(cell, "start", async () => {
    cell.player = await openPlayer(cell.place, files.origin, seat);
    return null;
  });
  for (const name of Object.keys(CHECKS).filter((each) => each.match(options.check))) {
    const reason = whyNot(cell, name);
    if (reason) record(cell, name, "cannot", reason);
    else {
      const trouble = lost ?? (await attempt(cell, name, () => cell.player.plays(name)));
      if (name === "connect") lost = trouble;
      record(cell, name, trouble === null ? "passed" : "failed", trouble ?? undefined);
    }
  }
  say(`${label(cell)}: ${count(cell.outcomes)}`);
}

/** The last check, of all at once. */
async function restart(all, server) {
  const seated = all.filter(({ player }) => player);
  const troubles = new Map();
  const act = (name) =>
    Promise.all(
      seated.map(async (cell) => {
        if (troubles.get(cell)) return;
        troubles.set(cell, await attempt(cell, name, () => cell.player.plays(name)));
      }),
    );
  await act("settles");
  await stop(server);
  await act("leaves");
  await server.start();
  await act("returns");
  for (const cell of all) {
    const trouble = troubles.has(cell) ? troubles.get(cell) : "it did not start";
    record(cell, RESTART, trouble === null ? "passed" : "failed", trouble ?? undefined);
  }
  say(`${RESTART}: ${count(all.map(({ outcomes }) => outcomes.at(-1)))}`);
}

/** Stop the server, which counts as one more check: that nothing has gone wrong in it. */
async function stop(server) {
  try {
    await server.stop();
    endings.push({ outcome: "passed" });
  } catch (error) {
    endings.push({ outcome: "failed" });
    say(`FAIL the server, on its way or when it stopped: ${error.message.slice(0, REASON_SHOWN)}`);
  }
}

const withoutRequests = (log) => log.replace(/^.*"(GET|POST|OPTIONS) .*\n/gm, "");

async function inTurn(all, perform) {
  const waiting = [...all];
  const work = async () => {
    for (let each = waiting.shift(); each; each = waiting.shift()) await perform(each);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function main() {
  const all = cells();
  const [server, files] = await Promise.all([serve(), serveFiles()]);
  try {
    await inTurn(all, (cell) => enact(cell, server, files));
    await restart(all, server);
    await Promise.all(all.map(({ player }) => player?.close()));
    await stop(server);
  } finally {
    await Promise.all([closeBrowser(), files.close()]);
    await endPrograms();
  }
  const outcomes = [...all.flatMap((cell) => cell.outcomes), ...endings];
  if (outcomes.some(({ outcome }) => outcome === "failed")) {
    console.log(`${server.name} printed:\n${withoutRequests(server.log).slice(-LOG_SHOWN)}`);
  }
  await writeFile(options.results, JSON.stringify(results(all), null, 1));
  console.log(tables(all));
  console.log(count(outcomes));
  return outcomes.every(({ outcome }) => outcome !== "failed");
}

const results = (all) =>
  all.map(({ client, place, way, outcomes }) => ({
    client: client.version,
    place,
    way,
    outcomes,
  }));

process.exit((await main()) ? 0 : 1);
