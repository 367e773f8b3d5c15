// Write the results into the documentation; with --check, see that they are there.
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { NAMES } from "./checks.mjs";
import { CLIENTS } from "./clients.mjs";
import { aligned, count, inShort, limits, MEETING, resultsOf, rows, summary } from "./report.mjs";

const GENERATED = /(?<=\.\. What follows is written by \S+\.\n\n).*(?=\.\. Until here\.)/s;
const PROXIES = ["nginx", "haproxy"];

const read = async (name) => JSON.parse(await readFile(name, "utf8"));

function simpleTable(table) {
  const [head, ...body] = aligned(table);
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  const rule = widths.map((width) => "=".repeat(width)).join("  ");
  return [rule, head, rule, ...body, rule, ""];
}

const asItem = (text) => `* ${text}`;

const wrapped = (text) => text.replace(/(?=.{81})(.{1,80}) /g, "$1\n").split("\n");

const outcomesOf = (results) => results.flatMap(({ outcomes }) => outcomes);

/** The first screen's part. */
function short({ results, meeting }) {
  const text =
    `How many checks ${CLIENTS.length} clients of all generations pass against this server, ` +
    "npm's in Node and in Chromium, PyPI's, and our own: " +
    `${count(outcomesOf(results))}. In one room ${meeting.members} hear each other, each client ` +
    "over each of its transports.";
  return [...wrapped(text), "", ...simpleTable(summary(results)), ""];
}

const isEngineIO = ({ client }) =>
  /^eio/.test(CLIENTS.find(({ version }) => version === client).speaks);

function long({ results, meeting, proxied }) {
  return [
    "By generations, all their clients at all their places together:",
    "",
    ...simpleTable(summary(results)),
    "Those since 1.0:",
    "",
    ...simpleTable(rows(results.filter(isEngineIO), inShort)),
    "Those before:",
    "",
    ...simpleTable(rows(results.filter((each) => !isEngineIO(each)), inShort)),
    "One of each generation, through the proxies of ``examples/deployment``, in browsers",
    "with TLS:",
    "",
    ...PROXIES.flatMap((name, index) => [
      `${name}, ${count(outcomesOf(proxied[index]))}:`,
      "",
      ...simpleTable(summary(proxied[index])),
    ]),
    `In one room are ${meeting.members}, each client over each of its ways. Each says its`,
    `piece, and hears what each says, all of it, in order and once: ${meeting.passed} pairs of`,
    `${meeting.passed + meeting.failed}.`,
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
  ];
}

const PAGES = [
  ["../../../docs/compatibility.rst", long],
  ["../../../README.rst", short],
];

const [results, meeting, ...proxied] = await Promise.all(
  [resultsOf(), MEETING, ...PROXIES.map(resultsOf)].map(read),
);

for (const [name, generate] of PAGES) {
  const path = fileURLToPath(new URL(name, import.meta.url));
  const page = await readFile(path, "utf8");
  const lines = generate({ results, meeting, proxied });
  const wanted = page.replace(GENERATED, () => lines.join("\n"));
  if (!process.argv.includes("--check")) await writeFile(path, wanted);
  else if (wanted !== page || !GENERATED.test(page)) {
    console.log(`${path} is not what the results give: run \`node compatibility.mjs\``);
    process.exitCode = 1;
  }
}
