import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { EventEmitter, once } from "node:events";
import net from "node:net";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { within } from "./deadline.mjs";

const REPOSITORY = fileURLToPath(new URL("../../../", import.meta.url));
const PAGES = fileURLToPath(new URL("pages/", import.meta.url));
const PYTHON = process.env.PYTHON ?? "python3";
const TWISTD = "from twisted.scripts.twistd import run; run()";

const running = new Set();

/** End what still runs: only what a failed test has left over. */
export async function endPrograms() {
  await Promise.all([...running].map((program) => program.kill()));
}

/** A process that serves, and prints what it does. */
export class Program {
  #command;
  #manner;
  #process;
  #log = "";
  #changed = new EventEmitter();

  /**
   * @param {string} name for error messages.
   * @param {string[]} command
   * @param {object} manner
   * @param {RegExp} manner.ready what it prints once it accepts connections.
   * @param {string} manner.stop the signal on which it ends in good order, with status 0.
   * @param {string} manner.kill the signal on which it ends at once.
   */
  constructor(name, command, { ready, stop = "SIGTERM", kill = "SIGKILL" }) {
    this.name = name;
    this.#command = command;
    this.#manner = { ready, stop, kill };
  }

  /** What it has printed, over all its restarts. */
  get log() {
    return this.#log;
  }

  /** Resolve once it accepts connections. */
  async start() {
    const printed = this.#log.length;
    const [program, ...args] = this.#command;
    this.#process = spawn(program, args, {
      cwd: REPOSITORY,
      env: { ...process.env, PYTHONUNBUFFERED: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.add(this);
    this.#process.once("error", (error) => this.#change(() => (this.#log += error)));
    this.#process.once("close", () => this.#change(() => running.delete(this)));
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream.setEncoding("utf8").on("data", (text) => this.#change(() => (this.#log += text)));
    }
    await this.prints(this.#manner.ready, printed);
  }

  #change(change) {
    change();
    this.#changed.emit("change");
  }

  /**
   * Resolve once it has printed this.
   *
   * @param {RegExp} pattern
   * @param {number} from where in the log to begin.
   */
  async prints(pattern, from = 0) {
    await within(`${this.name} prints ${pattern}`, this.#until(pattern, from));
  }

  async #until(pattern, from) {
    while (!pattern.test(this.#log.slice(from))) {
      const early = `${this.name} ended before it printed ${pattern}:\n${this.#log}`;
      assert.ok(running.has(this), early);
      await once(this.#changed, "change");
    }
  }

  /** Ask it to end, see that it does so in good order and had no trouble until then. */
  async stop() {
    assert.ok(running.has(this), `${this.name} has ended before:\n${this.#log}`);
    const [status, signal] = await this.#ends(this.#manner.stop);
    assert.deepEqual({ status, signal }, { status: 0, signal: null }, this.#log);
    assert.doesNotMatch(this.#log, /Traceback|Unhandled/);
  }

  /** End it as a power failure would. */
  async kill() {
    await this.#ends(this.#manner.kill);
  }

  #ends(signal) {
    const ended = once(this.#process, "close");
    this.#process.kill(signal);
    return within(`${this.name} ends on ${signal}`, ended);
  }
}

/**
 * One of our servers, on a port of its own, which it keeps over restarts.
 *
 * Like whatever else visitors go to, it has `origin` with its parts `secure`,
 * `host` and `port`, and `programs`, which print what happens there.
 */
export class Server extends Program {
  /**
   * @param {number} port
   * @param {string[]} command the arguments of Python.
   */
  constructor(port, command) {
    const ready = new RegExp(`starting on ${port}\\b`);
    super(`the server on port ${port}`, [PYTHON, ...command], { ready });
    this.port = port;
  }

  get secure() {
    return false;
  }

  get host() {
    return "127.0.0.1";
  }

  get origin() {
    return `http://${this.host}:${this.port}`;
  }

  get programs() {
    return [this];
  }
}

/** Start `python SCRIPT PORT`, SCRIPT being a path within the repository. */
export async function runScript(script) {
  const port = await freePort();
  return started(new Server(port, [path.join(REPOSITORY, script), String(port)]));
}

/** Start `twistd socketio` with the demo, and further options. */
export async function serveDemo(...options) {
  return started(new Server(...(await twistd(options))));
}

/** Start `twistd socketio` with the tests' own application and page, and further options. */
export async function serveTests(...options) {
  return serveApplication("txsocketio.test.genuine.app:attach", "--static", PAGES, ...options);
}

/** Start `twistd socketio` with that application, and further options. */
export async function serveApplication(application, ...options) {
  return started(new Server(...(await twistd(["--app", application, ...options]))));
}

async function twistd(options) {
  const port = await freePort();
  const endpoint = `tcp:${port}:interface=127.0.0.1`;
  const socketio = ["socketio", "--listen", endpoint, ...options];
  return [port, ["-c", TWISTD, "--nodaemon", "--pidfile=", ...socketio]];
}

async function started(server) {
  await server.start();
  return server;
}

/**
 * A port that nothing uses, and below those that the system gives to outgoing
 * connections, so that it stays free while a server restarts.
 */
export async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port) {
  return new Promise((resolve) => {
    const probe = net.createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
