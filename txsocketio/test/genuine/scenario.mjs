import assert from "node:assert/strict";
import { it } from "node:test";

import { browser } from "./browser.mjs";
import { PATIENCE } from "./deadline.mjs";
import { Visitor } from "./visitor.mjs";

const LOG_SHOWN = 5_000;

// Certificates are made for the tests.
const CONTEXT = { ignoreHTTPSErrors: true };

const began = performance.now();

/** The pages of one test, and the programs that serve them. */
export class Stage {
  #contexts = [];
  #visitors = [];
  #programs = new Map();

  /**
   * A new, empty page, as in a browser of its own: all the pages of one share six
   * connections to a server.
   */
  async visitor(name) {
    const context = await (await browser()).newContext(CONTEXT);
    this.#contexts.push(context);
    const visitor = new Visitor(await context.newPage(), name);
    this.#visitors.push(visitor);
    return visitor;
  }

  /** A page of that server's, connected over that transport and no other. */
  async guest(server, transport, options = {}) {
    this.watches(server);
    const visitor = await this.visitor(`${transport} (${this.#visitors.length + 1})`);
    await visitor.opens(server.origin);
    await visitor.enters({ transports: [transport], ...options });
    await visitor.hears("connect");
    return visitor;
  }

  /** Show what is printed there from now on, should the test fail. */
  watches(server) {
    for (const each of server.programs) {
      if (!this.#programs.has(each)) this.#programs.set(each, each.log.length);
    }
  }

  /** Fail if a page had an error that nobody caught. */
  assertWellBehaved() {
    for (const visitor of this.#visitors) assert.deepEqual(visitor.notes.of("error"), []);
  }

  async close() {
    await Promise.all(this.#contexts.map((context) => context.close()));
  }

  toString() {
    const logs = [...this.#programs].map(
      ([program, from]) => `${program.name} printed:\n${program.log.slice(from).slice(-LOG_SHOWN)}`,
    );
    return [...this.#visitors.map((visitor) => visitor.notes), ...logs].join("\n");
  }
}

/**
 * A test with pages, which are closed when it ends.
 *
 * @param {string} name
 * @param {(stage: Stage) => Promise<void>} play
 * @param {number} patience in ms, for the whole.
 */
export function scenario(name, play, patience = 3 * PATIENCE) {
  it(name, { timeout: patience }, async () => {
    const stage = new Stage();
    try {
      await perform(name, stage, play);
    } finally {
      await stage.close();
    }
  });
}

/** A test with pages that were there before, and stay. */
export function scene(name, stage, play) {
  it(name, { timeout: 3 * PATIENCE }, () => perform(name, stage, play));
}

async function perform(name, stage, play) {
  try {
    await play(stage);
    stage.assertWellBehaved();
  } catch (error) {
    console.error(`FAILED: ${name}\n${stage}`);
    throw error;
  } finally {
    console.error(`${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s  ${name}`);
  }
}
