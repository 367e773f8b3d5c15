/** The cells of the matrix, and how they are run: some at a time, each within its time. */
import { within } from "../genuine/deadline.mjs";
import { CLIENTS } from "./clients.mjs";
import { openPlayer } from "./players.mjs";

// As many at once as keep two processors busy.
const AT_ONCE = 6;
const PATIENCE = 100_000;

const began = performance.now();

/** Print what has happened, and when. */
export const say = (text) =>
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${text}`);

export const label = ({ client, place, way }) => `${client.version} in ${place} over ${way}`;

/** Every client at every place over every way. */
export const CELLS = CLIENTS.flatMap((client) =>
  Object.entries(client.ways).flatMap(([place, ways]) =>
    ways.map((way) => ({ client, place, way })),
  ),
);

/**
 * Open the player of a cell, which comes to the server at `seat.url` and meets there
 * the client `seat.later`.
 *
 * @param {string} origin where this package's files are served.
 */
export async function open(cell, origin, seat) {
  const { client, place, way } = cell;
  const opened = openPlayer(place, origin, { ...seat, client, way });
  cell.player = await within(`${label(cell)}: start`, opened, PATIENCE);
}

/** Resolve to what came of a check or an act: what went wrong, and what there is to tell. */
export async function play(cell, name, patience = PATIENCE) {
  try {
    return await within(`${label(cell)}: ${name}`, cell.player.plays(name), patience);
  } catch (error) {
    return { trouble: error.message, told: null };
  }
}

/** Resolve once all of them have been performed, which some do at a time. */
export async function inTurn(all, perform) {
  const waiting = [...all];
  const work = async () => {
    for (let each = waiting.shift(); each; each = waiting.shift()) await perform(each);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
