import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import path from "node:path";
import readline from "node:readline";
import { fileURLToPath } from "node:url";

import { browser } from "../genuine/chromium.mjs";
import { AT_HOME, LENT } from "./clients.mjs";

const HERE = fileURLToPath(new URL("./", import.meta.url));
const PYTHON = process.env.PYTHON ?? "python3";
const LOG_SHOWN = 2_000;

/** A cell in a process of its own, which takes a name a line and prints its outcomes. */
class ProcessPlayer {
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
    const lines = readline.createInterface({ input: this.#process.stdout });
    lines.on("line", (line) => this.#hears(line));
  }

  #hears(line) {
    try {
      const { played, ...outcome } = JSON.parse(line);
      this.#outcomes.emit("played", played, outcome);
    } catch {
      this.#log += `${line}\n`;
    }
  }

  /** Resolve to what came of that check or act, as of Cell.plays. */
  async plays(name) {
    const aborted = new AbortController();
    const { signal } = aborted;
    const ended = this.#process.exitCode ?? this.#process.signalCode;
    if (ended !== null) return this.#epitaph();
    this.#process.stdin.write(`${name}\n`);
    try {
      return await Promise.race([
        once(this.#outcomes, "played", { signal }).then(([played, outcome]) => {
          assert.equal(played, name);
          return outcome;
        }),
        once(this.#outcomes, "end", { signal }).then(() => this.#epitaph()),
      ]);
    } finally {
      aborted.abort();
    }
  }

  #epitaph() {
    return { trouble: `its process has ended: ${this.#log.slice(-LOG_SHOWN)}`, told: null };
  }

  close() {
    this.#process.kill("SIGKILL");
  }
}

/** A cell in a page, in a browser context of its own. */
class PagePlayer {
  #page;
  #url;
  #cell;
  #errors = [];

  /**
   * @param {import("playwright-core").Page} page
   * @param {string} origin where this package's files are served.
   * @param {object} cell
   */
  constructor(page, origin, cell) {
    this.#page = page;
    this.#url = `${origin}/matrix/page.html`;
    this.#cell = cell;
    page.on("pageerror", (error) => this.#errors.push(String(error)));
  }

  /** Load the page anew. */
  async sits() {
    await this.#page.goto(this.#url);
    await this.#page.evaluate((cell) => window.seat(cell), this.#cell);
    this.#errors.length = 0;
    return this;
  }

  /** As in a process; what nobody has caught in the page went wrong too. */
  async plays(name) {
    const outcome = await this.#page.evaluate((name) => window.cell.plays(name), name);
    outcome.trouble ??= this.#errors.shift() ?? null;
    if (await this.#page.evaluate(() => window.cell.isSpoilt)) await this.sits();
    return outcome;
  }

  async close() {
    await this.#page.context().close();
  }
}

async function pagePlayer(origin, cell) {
  const context = await (await browser()).newContext({ ignoreHTTPSErrors: true });
  const page = await context.newPage();
  if (LENT.has(cell.way)) {
    await page.addInitScript({ path: path.join(HERE, `../genuine/lent/${cell.way}.js`) });
  }
  return new PagePlayer(page, AT_HOME.has(cell.way) ? cell.url : origin, cell).sits();
}

const NODE = [process.execPath, "--require", "./shim.cjs", "in_node.mjs"];

const PLAYERS = {
  node: (_, cell) => new ProcessPlayer(NODE, cell),
  python: (_, cell) => new ProcessPlayer([PYTHON, cell.client.script], cell),
  chromium: pagePlayer,
};

/**
 * What plays that cell at that place.
 *
 * @param {string} origin where this package's files are served.
 */
export const openPlayer = (place, origin, cell) => PLAYERS[place](origin, cell);
