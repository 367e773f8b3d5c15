import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

import { browser } from "../genuine/chromium.mjs";

const HERE = fileURLToPath(new URL("./", import.meta.url));
const PYTHON = process.env.PYTHON ?? "python3";
const LOG_SHOWN = 2_000;

/** A cell in a process of its own, which takes a name a line and prints its outcomes. */
export class ProcessPlayer {
  #process;
  #outcomes = new EventEmitter();
  #log = "";

  /**
   * @param {string[]} command it gets the cell, as JSON, as a further argument.
   * @param {object} cell
   */
  constructor(command, cell) {
    const [program, ...args] = [...command, JSON.stringify(cell)];
    this.#process = spawn(program, args, { cwd: HERE, stdio: ["pipe", "pipe", "pipe"] });
    this.#process.stdin.on("error", () => {});
    this.#process.stderr.setEncoding("utf8").on("data", (text) => (this.#log += text));
    this.#process.once("error", (error) => (this.#log += error));
    this.#process.once("close", () => this.#outcomes.emit("end"));
    readline.createInterface({ input: this.#process.stdout }).on("line", (line) => this.#hears(line));
  }

  #hears(line) {
    try {
      const { played, trouble } = JSON.parse(line);
      this.#outcomes.emit("played", played, trouble);
    } catch {
      this.#log += `${line}\n`;
    }
  }

  /** Resolve to what went wrong in that check, or to null. */
  async plays(name) {
    const aborted = new AbortController();
    const { signal } = aborted;
    const ended = this.#process.exitCode ?? this.#process.signalCode;
    if (ended !== null) return this.#epitaph();
    this.#process.stdin.write(`${name}\n`);
    try {
      return await Promise.race([
        once(this.#outcomes, "played", { signal }).then(([played, trouble]) => {
          assert.equal(played, name);
          return trouble;
        }),
        once(this.#outcomes, "end", { signal }).then(() => this.#epitaph()),
      ]);
    } finally {
      aborted.abort();
    }
  }

  #epitaph() {
    return `its process has ended: ${this.#log.slice(-LOG_SHOWN)}`;
  }

  close() {
    this.#process.kill("SIGKILL");
  }
}

/** A cell in a page, in a browser context of its own. */
export class PagePlayer {
  #context;
  #page;
  #errors = [];

  /**
   * @param {string} origin where this package's files are served.
   * @param {object} cell
   */
  static async open(origin, cell) {
    const player = new PagePlayer();
    player.#context = await (await browser()).newContext();
    player.#page = await player.#context.newPage();
    player.#page.on("pageerror", (error) => player.#errors.push(String(error)));
    await player.#page.goto(`${origin}/matrix/page.html`);
    await player.#page.evaluate((cell) => window.seat(cell), cell);
    return player;
  }

  async plays(name) {
    try {
      const trouble = await this.#page.evaluate((name) => window.cell.plays(name), name);
      return trouble ?? this.#errors.shift() ?? null;
    } catch (error) {
      return `its page has failed: ${error.message}`;
    }
  }

  async close() {
    await this.#context.close();
  }
}

const PLAYERS = {
  node: (_, cell) => new ProcessPlayer([process.execPath, "in_node.mjs"], cell),
  python: (_, cell) => new ProcessPlayer([PYTHON, "in_python.py"], cell),
  chromium: (origin, cell) => PagePlayer.open(origin, cell),
};

/**
 * What plays that cell at that place.
 *
 * @param {string} origin where this package's files are served.
 */
export const openPlayer = (place, origin, cell) => PLAYERS[place](origin, cell);
