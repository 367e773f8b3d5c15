// Write the results into docs/compatibility.rst; with --check, see that they are there.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { NAMES } from "./checks.mjs";
import { aligned, limits, RESULTS, rows } from "./report.mjs";

const PAGE = fileURLToPath(new URL("../../../docs/compatibility.rst", import.meta.url));
const GENERATED = /(?<=\.\. What follows is written by \S+\.\n\n).*(?=\.\. Until here\.)/s;

function inShort(outcomes) {
  const failed = outcomes.filter(({ outcome }) => outcome === "failed");
  const passed = outcomes.filter(({ outcome }) => outcome === "passed");
  return failed.length > 0 ? `${failed.length} FAIL` : `${passed.length}`;
}

function simpleTable(table) {
  const [head, ...body] = aligned(table);
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const rule = widths.map((width) => "=".repeat(width)).join("  ");
  return [rule, head, rule, ...body, rule];
}

const asItem = (text) => `* ${text}`;

function generated(results) {
  return [
    ...simpleTable(rows(results, inShort)),
    "",
    "The checks, whose number each client passes:",
    "",
    ...NAMES.map(asItem),
    "",
    "What the clients themselves cannot do, and are not asked:",
    "",
    ...limits().map(asItem),
    "",
    "",
  ].join("\n");
}

const [page, results] = await Promise.all([PAGE, RESULTS].map((name) => readFile(name, "utf8")));
const wanted = page.replace(GENERATED, () => generated(JSON.parse(results)));
if (!process.argv.includes("--check")) await writeFile(PAGE, wanted);
else if (wanted !== page || !GENERATED.test(page)) {
  console.log(`${PAGE} is not what the results give: run \`node compatibility.mjs\``);
  process.exit(1);
}
