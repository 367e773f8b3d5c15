import { EventEmitter, once } from "node:events";
import { isDeepStrictEqual } from "node:util";

import { within } from "./deadline.mjs";

/** What has been noted so far, under names, and a way to wait for what has not. */
export class Notes {
  #notes = [];
  #added = new EventEmitter();

  /** @param {string} owner who takes the notes, for error messages. */
  constructor(owner) {
    this.owner = owner;
    this.#added.setMaxListeners(0);
  }

  add(name, note) {
    this.#notes.push({ name, note });
    this.#added.emit("note");
  }

  /** All notes under that name, oldest first. */
  of(name) {
    return this.#notes.filter((each) => each.name === name).map((each) => each.note);
  }

  /** Resolve to all notes under that name, once there are `count` of them. */
  async next(name, count = 1, patience = undefined) {
    const what = `${this.owner}: ${count} x ${name}`;
    await within(what, this.#until(() => this.of(name).length >= count), patience);
    return this.of(name);
  }

  /** Resolve once there is that note under that name. */
  async include(name, note) {
    const isThere = () => this.of(name).some((each) => isDeepStrictEqual(each, note));
    await within(`${this.owner}: ${name} ${JSON.stringify(note)}`, this.#until(isThere));
  }

  async #until(test) {
    while (!test()) await once(this.#added, "note");
  }

  toString() {
    const lines = this.#notes.map(({ name, note }) => `  ${name} ${abridged(note)}`);
    return [`${this.owner}:`, ...lines].join("\n");
  }
}

function abridged(note) {
  const text = JSON.stringify(note);
  return text.length > 200 ? `${text.slice(0, 200)}... (${text.length} characters)` : text;
}
