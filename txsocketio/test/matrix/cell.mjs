/** One client in one place over one way: what plays the checks; in Node or in a page. */
import { CHECKS, RESTART_ACTS, ROOM_ACTS } from "./checks.mjs";
import { Party } from "./party.mjs";

// Those of one party, from the first to the last.
const LASTING = { ...RESTART_ACTS, ...ROOM_ACTS };
const ACTS = { ...CHECKS, ...LASTING };

export class Cell {
  /** Whether what its clients have left behind is in the way of the next check. */
  isSpoilt = false;
  #makeParty;
  #lasting;
  #spoils;

  /** As a Party. */
  constructor(seat, ...clients) {
    this.#makeParty = () => new Party(seat, ...clients);
    this.#lasting = this.#makeParty();
    this.#spoils = seat.client.spoils?.includes(seat.way) ?? false;
  }

  /**
   * Play one check, or one act of several.
   *
   * @returns {Promise<{trouble: string|null, told: any}>} what went wrong, and what an
   *   act has to tell.
   */
  async plays(name) {
    const party = name in LASTING ? this.#lasting : this.#makeParty();
    try {
      return { trouble: null, told: (await ACTS[name](party)) ?? null };
    } catch (error) {
      return { trouble: String(error?.message ?? error), told: null };
    } finally {
      if (party !== this.#lasting) this.isSpoilt ||= !(await party.close()) || this.#spoils;
    }
  }
}
