/** The sockets of a check, and how they are waited for; in Node or in a page. */
import * as deadline from "../genuine/deadline.mjs";
import { MANNERS } from "./manners.mjs";

const SHOWN = 200;
const PATIENCE = 45_000;
const PAUSE = 5;

// The URL of a poll by way of a script, since 1.0 and before.
const SCRIPT = /[?&]j=|jsonp-polling/;

const within = (what, promise, patience = PATIENCE) => deadline.within(what, promise, patience);

const pause = (delay) => new Promise((resolve) => setTimeout(resolve, delay));

/** Fail where the two differ; ArrayBuffers and their like are compared by their bytes. */
export function same(actual, wanted, what) {
  const [is, ought] = [actual, wanted].map((each) => JSON.stringify(plain(each)) ?? "undefined");
  if (is === ought) return;
  const at = [...is].findIndex((_, index) => is[index] !== ought[index]);
  const [shownIs, shownOught] = [is, ought].map((each) => abridged(each, at));
  throw new Error(`${what}: ${shownIs} instead of ${shownOught}`);
}

function plain(value) {
  if (value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { octets: [...new Uint8Array(value)] };
  }
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, plain(each)]));
}

function abridged(text, around) {
  const from = text.length > SHOWN ? Math.max(0, around - SHOWN / 2) : 0;
  const part = text.slice(from, from + SHOWN);
  return `${from > 0 ? "..." : ""}${part}${from + SHOWN < text.length ? "..." : ""}`;
}

/** What came under one name: the lists of arguments, oldest first. */
class Heard {
  all = [];
  #name;
  #changed = () => {};

  constructor(name) {
    this.#name = name;
  }

  add(args) {
    this.all.push(args);
    this.#changed();
  }

  /** Resolve to all, once there are `count` of them. */
  async next(count = 1, patience = PATIENCE) {
    await within(`${count} x ${this.#name}`, this.#until(count), patience);
    return this.all;
  }

  async #until(count) {
    while (this.all.length < count) await new Promise((changed) => (this.#changed = changed));
  }
}

/** One socket. */
class Guest {
  #manner;
  #entersAgain;

  constructor(manner, socket, entersAgain) {
    this.#manner = manner;
    this.#entersAgain = entersAgain;
    this.socket = socket;
  }

  /** Resolve once a transport of that name carries it. */
  async isCarriedBy(name) {
    const carried = new Promise((resolve) => {
      if (this.#manner.carrier(this.socket) === name) resolve();
      else this.#manner.onUpgrade(this.socket, resolve);
    });
    await within(`a change from ${this.#manner.carrier(this.socket)} to ${name}`, carried);
    same(this.#manner.carrier(this.socket), name, "the transport");
  }

  /** Note from now on what comes under that name. */
  hears(name) {
    const heard = new Heard(name);
    this.socket.on(name, (...args) => heard.add(args));
    return heard;
  }

  get isConnected() {
    return this.#manner.isConnected(this.socket);
  }

  /** What is told where the client or the server has ended the connection. */
  get reasons() {
    return this.#manner.reasons;
  }

  sends(message) {
    this.#manner.send(this.socket, message);
  }

  emits(...args) {
    this.socket.emit(...args);
  }

  /** Emit an event; resolve to its acknowledgement's arguments. */
  asks(...args) {
    const answered = new Promise((resolve) => {
      this.socket.emit(...args, (...answers) => resolve(answers));
    });
    return within(`the ack of ${args[0]}`, answered);
  }

  /** The guest, once it is connected. */
  async arrives() {
    await this.hears("connect").next();
    return this;
  }

  /** The same connection's guest in another namespace, once it is there. */
  enters(name) {
    const socket = this.#manner.enter(this.socket, name);
    const entersAgain = () => this.#manner.enterAgain(socket, this.socket, name);
    return new Guest(this.#manner, socket, entersAgain).arrives();
  }

  /** Resolve once nothing that it says is lost if it leaves. */
  rests() {
    return within("the end of what it says", this.#untilIdle());
  }

  async #untilIdle() {
    while (this.#manner.isBusy(this.socket)) await pause(PAUSE);
  }

  /** The guest, once it has come back from where it had left. */
  returns() {
    this.#entersAgain();
    return this.arrives();
  }

  /** End its connection. */
  async goes() {
    await this.rests();
    this.#manner.letGo(this.socket);
  }

  /** Resolve once it is told, as its generation is, that it is not let in there. */
  async isRefused(name, message, data) {
    const refused = new Promise((resolve) => {
      this.#manner.onRefusal(this.#manner.enter(this.socket, name), resolve);
    });
    const told = await within(`a refusal in ${name}`, refused);
    same(told, this.#manner.refusal(message, data), "the refusal");
  }
}

/** The sockets of one check, all to one server and over one way. */
export class Party {
  #guests = [];
  #manner;

  /**
   * @param {object} cell
   * @param {string} cell.url the server.
   * @param {string} cell.way over which the client comes.
   * @param {object} cell.client its entry in clients.mjs.
   * @param {object} cell.later that of a later client.
   * @param {Function} io the client.
   * @param {Function} laterIo the later client.
   */
  constructor(cell, io, laterIo) {
    this.cell = cell;
    this.io = io;
    this.laterIo = laterIo;
    this.#manner = MANNERS[cell.client.manner];
  }

  pause = pause;

  /** Whether no more than one answer waits for the server at any time. */
  get polls() {
    return /polling|jsonp/.test(this.cell.way);
  }

  /** A client on its way, with parameters for the server. */
  comes(query) {
    return this.#connects(this.#manner, this.io, this.cell.way, { query });
  }

  /** A client, connected. */
  guest() {
    return this.#connects(this.#manner, this.io, this.cell.way).arrives();
  }

  guests(count) {
    return Promise.all(Array.from({ length: count }, () => this.guest()));
  }

  /** A later client, connected over websocket, to see that what it gets is well formed. */
  witness() {
    return this.#connects(MANNERS[this.cell.later.manner], this.laterIo, "websocket").arrives();
  }

  #connects(manner, io, way, options = {}) {
    const guest = new Guest(manner, manner.connect(io, this.cell.url, way, options));
    this.#guests.push(guest);
    return guest;
  }

  /** Let them all join a room that is theirs alone; resolve to its name. */
  async gathers(...guests) {
    const room = `room ${Math.random()}`;
    await Promise.all(guests.map((guest) => guest.asks("join", room)));
    return room;
  }

  /** Binary data, as the client takes it. */
  octets(list) {
    return globalThis.Buffer ? Buffer.from(list) : new Uint8Array(list).buffer;
  }

  /** Resolve once the guest is carried by what it was told to come over, in the end. */
  async settles(guest) {
    await guest.isCarriedBy(this.#manner.carriedBy(this.cell.way));
    if (/jsonp/.test(this.cell.way)) same(scriptsLoaded() > 0, true, "JSONP");
  }

  /**
   * Let all go.
   *
   * @returns {Promise<boolean>} whether none of the clients failed over it.
   */
  async close() {
    const ends = await Promise.allSettled(this.#guests.map((guest) => guest.goes()));
    return ends.every(({ status }) => status === "fulfilled");
  }
}

/** How many polls the page has made by way of a script. */
function scriptsLoaded() {
  return performance
    .getEntriesByType("resource")
    .filter(({ name, initiatorType }) => initiatorType === "script" && SCRIPT.test(name)).length;
}
