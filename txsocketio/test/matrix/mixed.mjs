// One room with a client of every generation over every way in it: each says its piece,
// and each hears all of all, in each one's order, and nothing twice.
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { closeBrowser } from "../genuine/chromium.mjs";
import { endPrograms, serveApplication } from "../genuine/programs.mjs";
import { CELLS, inTurn, label, open, play, say } from "./cells.mjs";
import { WORDS } from "./checks.mjs";
import { CLIENTS } from "./clients.mjs";
import { aligned, MEETINGS } from "./report.mjs";
import { FOLDER, serveFiles } from "./static.mjs";

const COUNT = 14;
const SHOWN = 300;
const FEWEST = 12;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    results: { type: "string", default: MEETINGS },
  },
});

/** Each client over each of its ways, at the first place that has it. */
const ALL = CELLS.filter(
  (cell) =>
    cell === CELLS.find(({ client, way }) => client === cell.client && way === cell.way) &&
    new RegExp(options.only).test(label(cell)),
);

/** The same, but each over one way alone. */
const EACH = ALL.filter((cell) => cell === ALL.find(({ client }) => client === cell.client));

const speaks = (generation) => (cell) => cell.client.speaks === generation;
const not = (test) => (cell) => !test(cell);

// 0.6 and the first protocol share their URLs, so that one server cannot speak both.
const ROOMS = [
  { protocols: "annotated,colon,eio3,eio4", cells: ALL.filter(not(speaks("0.6"))) },
  {
    protocols: "0.6,colon,eio3,eio4",
    cells: [
      ...ALL.filter(speaks("0.6")),
      ...EACH.filter(not(speaks("0.6"))).filter(not(speaks("annotated"))),
    ],
  },
];

/** Let all of them do this; who cannot is out of it. */
async function act(members, name) {
  const perform = async (member) => {
    if (member.trouble) return;
    const { trouble, told } = await play(member.cell, name);
    Object.assign(member, { trouble, told });
    if (trouble) say(`FAIL ${member.label}: ${name}: ${trouble}`);
  };
  await Promise.all(members.map(perform));
}

/** What each ought to have heard of that one, in order. */
const said = (member) =>
  Array.from({ length: COUNT }, (_, number) => [member, number, WORDS[number % WORDS.length]]);

/** Count the pairs of whom one has heard what the other said. */
function judge(members) {
  let [passed, failed] = [0, 0];
  for (const listener of members) {
    const all = listener.told ?? [];
    listener.heard = members.filter((speaker, index) => {
      const heard = all.filter(([member]) => member === index);
      if (isDeepStrictEqual(heard, said(index))) return true;
      const shown = JSON.stringify(heard).slice(0, SHOWN);
      say(`FAIL ${listener.label} heard ${heard.length} of ${speaker.label}: ${shown}`);
      return false;
    }).length;
    passed += listener.heard;
    failed += members.length - listener.heard;
    // Whatever else it has heard was said by nobody.
    listener.noise = all.length - listener.heard * COUNT;
    if (listener.heard === members.length && listener.noise !== 0) {
      say(`FAIL ${listener.label} heard ${listener.noise} more`);
      failed += 1;
    }
  }
  return { passed, failed };
}

/** Fill a room, and let them talk all at once. */
async function meet({ protocols, cells }, files) {
  const more = ["--origins", "*:*", "--static", FOLDER, "--protocol", protocols];
  const server = await serveApplication("txsocketio.test.matrix.app:attach", ...more);
  const name = randomUUID();
  const members = cells.map((cell, member) => ({ cell: { ...cell }, member, label: label(cell) }));
  const room = { name, count: COUNT, members: members.length, words: WORDS };
  await inTurn(members, async ({ cell, member }) => {
    const seat = { url: server.origin, later: CLIENTS.findLast((each) => each.package) };
    await open(cell, files.origin, { ...seat, room: { ...room, member } });
  });
  say(`a room of ${members.length}, to a server that speaks ${protocols}`);
  for (const each of ["comes", "talks", "hears"]) await act(members, each);
  const tally = { protocols, members: members.length, ...judge(members) };
  if (!options.only && members.length < FEWEST) {
    say(`FAIL a room of less than ${FEWEST}`);
    tally.failed += 1;
  }
  const lines = members.map(({ label, heard }) => [label, `${heard} of ${members.length}`]);
  console.log(["", ...aligned([["in one room", "hears"], ...lines]), ""].join("\n"));
  await Promise.all(members.map(({ cell }) => cell.player.close()));
  await server.stop();
  return tally;
}

async function main() {
  const files = await serveFiles();
  const tallies = [];
  try {
    for (const room of ROOMS) tallies.push(await meet(room, files));
  } finally {
    await Promise.all([closeBrowser(), files.close()]);
    await endPrograms();
  }
  await writeFile(options.results, `${JSON.stringify(tallies, null, 1)}\n`);
  const sum = (kind) => tallies.reduce((total, each) => total + each[kind], 0);
  say("pairs of whom one has heard all that the other said, in order and once");
  console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
  return sum("failed") === 0;
}

process.exit((await main()) ? 0 : 1);
