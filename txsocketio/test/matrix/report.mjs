/** What came out of it, for people to read. */

const tally = (outcomes, kind) => outcomes.filter(({ outcome }) => outcome === kind).length;

/** The line that each part, and the whole, ends in. */
export const count = (outcomes) =>
  `${tally(outcomes, "passed")} passed, ${tally(outcomes, "failed")} failed`;

/** A row for each client at each place, a column for each way; and what is not asked, and why. */
export function tables(cells) {
  const ways = [...new Set(cells.map(({ way }) => way))];
  const names = [...new Set(cells.map(rowName))];
  const rows = names.map((name) => [
    name,
    ...ways.map((way) => inShort(cells.find((cell) => rowName(cell) === name && cell.way === way))),
  ]);
  return [...aligned([["passed/failed", ...ways], ...rows]), "", ...limits(cells)].join("\n");
}

const rowName = ({ client, place }) => `${client.version} in ${place}`;

function inShort(cell) {
  if (!cell) return "-";
  return `${tally(cell.outcomes, "passed")}/${tally(cell.outcomes, "failed")}`;
}

function aligned(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows.map((row) => row.map((text, column) => text.padEnd(widths[column])).join("  "));
}

function limits(cells) {
  return [...new Set(cells.map(({ client }) => client))].flatMap(({ version, cannot }) =>
    cannot.map(
      ({ place, way, check, reason }) =>
        `${[version, place, way, check].filter(Boolean).join(", ")}: cannot: ${reason}`,
    ),
  );
}
