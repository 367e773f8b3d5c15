/** What came out of it, for people to read. */
import { fileURLToPath } from "node:url";

import { CLIENTS } from "./clients.mjs";

export const RESULTS = fileURLToPath(new URL("results.json", import.meta.url));

const tally = (outcomes, kind) => outcomes.filter(({ outcome }) => outcome === kind).length;

/** The line that each part, and the whole, ends in. */
export const count = (outcomes) =>
  `${tally(outcomes, "passed")} passed, ${tally(outcomes, "failed")} failed`;

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
  const inShort = (outcomes) => `${tally(outcomes, "passed")}/${tally(outcomes, "failed")}`;
  return [
    "",
    "passed/failed",
    ...aligned(rows(results, inShort)),
    "",
    "what a client itself cannot do:",
    ...limits(),
    "",
  ].join("\n");
}
