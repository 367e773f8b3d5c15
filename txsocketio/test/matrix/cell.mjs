/** One client in one place over one way: what plays the checks; in Node or in a page. */
import { CHECKS, RESTART_ACTS } from "./checks.mjs";
import { Party } from "./party.mjs";

const ACTS = { ...CHECKS, ...RESTART_ACTS };

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
   * Play one check, or one act of the last.
   *
   * @returns {Promise<string|null>} what went wrong.
   */
  async plays(name) {
    const party = name in RESTART_ACTS ? this.#lasting : this.#makeParty();
    try {
      await ACTS[name](party);
      return null;
    } catch (error) {
      return String(error?.message ?? error);
    } finally {
      if (party !== this.#lasting) this.isSpoilt ||= !(await party.close()) || this.#spoils;
    }
  }
}
