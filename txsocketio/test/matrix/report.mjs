/** What came out of it, for people to read. */
import { fileURLToPath } from "node:url";

import { CLIENTS } from "./clients.mjs";

const inHere = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Where the results of a run are, through a proxy or none; and that of the room. */
export const resultsOf = (proxy) => inHere(`results${proxy ? `-${proxy}` : ""}.json`);
export const MEETING = inHere("results-mixed.json");

const tally = (outcomes, kind) => outcomes.filter(({ outcome }) => outcome === kind).length;

/** The line that each part, and the whole, ends in. */
export const count = (outcomes) =>
  `${tally(outcomes, "passed")} passed, ${tally(outcomes, "failed")} failed`;

/** How many have passed, or how many have failed where any has. */
export function inShort(outcomes) {
  const failed = tally(outcomes, "failed");
  return failed > 0 ? `${failed} FAIL` : `${tally(outcomes, "passed")}`;
}

/**
 * A row for each client at each place, a column for each way.
 *
 * @param {object[]} results of matrix.mjs.
 * @param {(outcomes: object[]) => string} inShort what is said of one client, place and way.
 */
export function rows(results, inShort) {
  const ways = [...new Set(results.map(({ way }) => way))];
  const pairs = results.map(({ client, place }) => [`${client} ${place}`, [client, place]]);
  const body = [...new Map(pairs).values()].map(([client, place]) => [
    client,
    place,
    ...ways.map((way) => {
      const found = results.find(
        (each) => each.client === client && each.place === place && each.way === way,
      );
      return found ? inShort(found.outcomes) : "none";
    }),
  ]);
  return [["client", "in", ...ways], ...body];
}

const GENERATIONS = {
  annotated: "the first protocol, of 2010",
  0.6: "0.6",
  colon: "0.7, 0.8, 0.9",
  eio3: "1.x, 2.x",
  eio4: "3.x, 4.x",
};

// What carries it, under whatever name; a change from polling to websocket is one, too.
const CARRIERS = {
  websocket: ["websocket"],
  polling: ["polling", "xhr-polling"],
  upgrade: ["upgrade"],
  jsonp: ["jsonp", "jsonp-polling"],
  htmlfile: ["htmlfile"],
  "xhr-multipart": ["xhr-multipart"],
  "server-events": ["server-events"],
  flashsocket: ["flashsocket"],
};

const generationOf = (name) => CLIENTS.find(({ version }) => version === name).speaks;

/** A row for each generation, a column for each transport. */
export function summary(results) {
  const body = Object.entries(GENERATIONS).map(([speaks, title]) => [
    title,
    ...Object.values(CARRIERS).map((ways) => {
      const found = results.filter(
        ({ client, way }) => generationOf(client) === speaks && ways.includes(way),
      );
      return found.length > 0 ? inShort(found.flatMap(({ outcomes }) => outcomes)) : "\\-";
    }),
  ]);
  return [["clients of", ...Object.keys(CARRIERS)], ...body];
}

/** Lines in which the columns stand under each other. */
export function aligned(table) {
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  return table.map((row) =>
    row.map((text, column) => text.padEnd(widths[column])).join("  ").trimEnd(),
  );
}

/** What the clients cannot do, with the reasons, and which clients it is. */
export function limits() {
  const found = new Map();
  for (const { version, cannot } of CLIENTS) {
    for (const { place, way, check, reason } of cannot) {
      const what = [check, way && `over ${way}`, place && `in ${place}`].filter(Boolean).join(" ");
      const key = `${what}: ${reason}`;
      found.set(key, [...(found.get(key) ?? []), version]);
    }
  }
  return [...found].map(([what, versions]) => `${versions.join(", ")}: ${what}`);
}

/** All of it, at the end of a run. */
export function tables(results) {
  const both = (outcomes) => `${tally(outcomes, "passed")}/${tally(outcomes, "failed")}`;
  return [
    "",
    "passed/failed",
    ...aligned(rows(results, both)),
    "",
    "what a client itself cannot do:",
    ...limits(),
    "",
  ].join("\n");
}
