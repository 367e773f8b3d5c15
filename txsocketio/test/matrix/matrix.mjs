// Every client of clients.mjs, at every place and over every way, through every check of
// checks.mjs, against our server; or against another, which `--against COMMAND` starts
// with a port as its last argument, to see what the checks themselves are worth. With
// `--through PROXY`, one client of each generation, through nginx or haproxy.
import { writeFile } from "node:fs/promises";
import { parseArgs } from "node:util";

import { closeBrowser } from "../genuine/chromium.mjs";
import { PROXIES, removeFolders, standBefore } from "../genuine/doors.mjs";
import { endPrograms, freePort, Program } from "../genuine/programs.mjs";
import { CELLS, inTurn, label, open, play, say } from "./cells.mjs";
import { CHECKS, NAMES } from "./checks.mjs";
import { CLIENTS, REPRESENTATIVES } from "./clients.mjs";
import { count, resultsOf, tables } from "./report.mjs";
import { serveFiles, serveMatrix } from "./static.mjs";

const PATIENCE_OVER_RESTART = 120_000;
const RESTART = NAMES.at(-1);
const LOG_SHOWN = 20_000;
const REASON_SHOWN = 200;

// What became of the server, each time that it stopped.
const endings = [];

const { values: options } = parseArgs({
  options: {
    against: { type: "string" },
    witness: { type: "string", default: CLIENTS.findLast((each) => each.package).version },
    only: { type: "string", default: "" },
    check: { type: "string", default: "" },
    through: { type: "string" },
    results: { type: "string" },
  },
});

/** The cells that are run, and what came out of their checks. */
const cells = () =>
  CELLS.filter((cell) => new RegExp(options.only).test(label(cell)))
    .filter(({ client }) => !options.through || REPRESENTATIVES.includes(client))
    .map((cell) => ({ ...cell, outcomes: [] }));

async function serve() {
  if (!options.against) return serveMatrix(...(options.through ? ["--trust-proxy"] : []));
  const port = await freePort();
  const command = [...options.against.split(" "), String(port)];
  const server = new Program("the other server", command, { ready: /listening/ });
  server.origin = `http://127.0.0.1:${port}`;
  await server.start();
  return server;
}

/** A server, what to come to it by from each place, and the proxy before it, if any. */
async function house() {
  const server = await serve();
  if (!options.through) return { server, url: () => server.origin, stop: () => server.stop() };
  const doors = await standBefore(
    PROXIES.find(({ name }) => name === options.through),
    server,
  );
  // The clients that are not in a browser know nobody who vouches for the certificate.
  const url = (place) => (place === "chromium" ? doors.secure : doors.plain).origin;
  return { server, url, stop: () => doors.stop() };
}

/** Why the client cannot do that, or undefined. */
const whyNot = ({ client, place, way }, check) =>
  client.cannot.find((limit) =>
    Object.entries({ place, way, check }).every(([key, value]) => (limit[key] ?? value) === value),
  )?.reason;

function record(cell, check, trouble) {
  const limit = whyNot(cell, check);
  const outcome = limit ? "cannot" : trouble === null ? "passed" : "failed";
  cell.outcomes.push({ check, outcome, reason: limit ?? trouble ?? undefined });
  if (outcome === "failed") say(`FAIL ${label(cell)}: ${check}: ${trouble}`);
}

/** Play all checks but the last. */
async function enact(cell, { url }, files) {
  const later = CLIENTS.find(({ version }) => version === options.witness);
  // Who cannot even connect is not asked to show more.
  try {
    await open(cell, files.origin, { url: url(cell.place), later });
  } catch (error) {
    cell.lost = error.message;
  }
  for (const check of Object.keys(CHECKS).filter((each) => each.match(options.check))) {
    const reason = cell.lost ?? whyNot(cell, check);
    const trouble = reason ?? (await play(cell, check)).trouble;
    if (check === "connect") cell.lost = trouble;
    record(cell, check, trouble);
  }
  say(`${label(cell)}: ${count(cell.outcomes)}`);
}

/**
 * The last check, of all at once. The server does not wait until all have missed it:
 * some take a minute to do so.
 */
async function restart(all, server) {
  const troubles = new Map(all.map((cell) => [cell, cell.lost ?? whyNot(cell, RESTART) ?? null]));
  const act = (name) =>
    Promise.all(
      all.map(async (cell) => {
        const before = troubles.get(cell);
        troubles.set(cell, before ?? (await play(cell, name, PATIENCE_OVER_RESTART)).trouble);
      }),
    );
  await act("settles");
  await stop(server);
  await server.start();
  await act("leaves");
  await act("returns");
  for (const cell of all) record(cell, RESTART, troubles.get(cell));
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

async function main() {
  const all = cells();
  const [home, files] = await Promise.all([house(), serveFiles()]);
  const { server } = home;
  try {
    await inTurn(all, (cell) => enact(cell, home, files));
    await restart(all, server);
    await Promise.all(all.map(({ player }) => player?.close()));
    await stop(home);
  } finally {
    await Promise.all([closeBrowser(), files.close()]);
    await endPrograms();
    await removeFolders();
  }
  const outcomes = [...all.flatMap((cell) => cell.outcomes), ...endings];
  if (outcomes.some(({ outcome }) => outcome === "failed")) {
    console.log(`${server.name} printed:\n${withoutRequests(server.log).slice(-LOG_SHOWN)}`);
  }
  const results = all.map(({ client, place, way, outcomes }) => ({
    client: client.version,
    place,
    way,
    outcomes,
  }));
  const kept = options.results ?? resultsOf(options.through);
  await writeFile(kept, `${JSON.stringify(results, null, 1)}\n`);
  console.log(tables(results));
  console.log(count(outcomes));
  return outcomes.every(({ outcome }) => outcome !== "failed");
}

process.exit((await main()) ? 0 : 1);
