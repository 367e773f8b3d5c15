// One room with a client of every generation over every way in it: each says its piece,
// and each hears all of all, in each one's order, and nothing twice.
import { randomUUID } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { isDeepStrictEqual, parseArgs } from "node:util";

import { closeBrowser } from "../genuine/chromium.mjs";
import { endPrograms } from "../genuine/programs.mjs";
import { CELLS, inTurn, label, open, play, say } from "./cells.mjs";
import { WORDS } from "./checks.mjs";
import { CLIENTS } from "./clients.mjs";
import { aligned, MEETING } from "./report.mjs";
import { serveFiles, serveMatrix } from "./static.mjs";

const COUNT = 14;
const SHOWN = 300;
const FEWEST = 12;

const { values: options } = parseArgs({
  options: {
    only: { type: "string", default: "" },
    results: { type: "string", default: MEETING },
  },
});

/** Each client over each of its ways, at the first place that has it. */
const ALL = CELLS.filter(
  (cell) =>
    cell === CELLS.find(({ client, way }) => client === cell.client && way === cell.way) &&
    new RegExp(options.only).test(label(cell)),
);

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
async function meet(cells, url, origin) {
  const members = cells.map((cell, member) => ({ cell: { ...cell }, member, label: label(cell) }));
  const room = { name: randomUUID(), count: COUNT, members: members.length, words: WORDS };
  const later = CLIENTS.findLast((each) => each.package);
  await inTurn(members, ({ cell, member }) =>
    open(cell, origin, { url, later, room: { ...room, member } }),
  );
  for (const each of ["comes", "talks", "hears"]) await act(members, each);
  const tally = { members: members.length, ...judge(members) };
  if (!options.only && members.length < FEWEST) {
    say(`FAIL a room of less than ${FEWEST}`);
    tally.failed += 1;
  }
  const lines = members.map(({ label, heard }) => [label, `${heard} of ${members.length}`]);
  console.log(["", ...aligned([["in one room", "hears"], ...lines]), ""].join("\n"));
  await Promise.all(members.map(({ cell }) => cell.player.close()));
  return tally;
}

async function main() {
  const [server, files] = await Promise.all([serveMatrix(), serveFiles()]);
  try {
    const tally = await meet(ALL, server.origin, files.origin);
    await server.stop();
    await writeFile(options.results, `${JSON.stringify(tally, null, 1)}\n`);
    say("pairs of whom one has heard all that the other said, in order and once");
    console.log(`${tally.passed} passed, ${tally.failed} failed`);
    return tally.failed === 0;
  } finally {
    await Promise.all([closeBrowser(), files.close()]);
    await endPrograms();
  }
}

process.exit((await main()) ? 0 : 1);
