import { within } from "./deadline.mjs";
import { Notes } from "./notes.mjs";

const NOTED = [
  "connect",
  "connect_failed",
  "message",
  "disconnect",
  "reconnecting",
  "reconnect",
  "reconnect_failed",
];

/**
 * A page with our client script in it. It notes under "page" what the page
 * complains of, and under the events' names what its socket and realms hear:
 * "message" and "chat/message" are lists of the handlers' arguments.
 */
export class Visitor {
  /**
   * @param {import("playwright-core").Page} page
   * @param {string} name for error messages.
   */
  constructor(page, name) {
    this.page = page;
    this.name = name;
    this.notes = new Notes(name);
    page.on("console", (message) => this.notes.add("console", message.text()));
    page.on("pageerror", (error) => this.notes.add("error", String(error)));
    page.on("dialog", (dialog) => this.#dismiss(dialog));
  }

  async #dismiss(dialog) {
    this.notes.add("dialog", dialog.message());
    await dialog.dismiss();
  }

  /** Load the page at this address. */
  async opens(address) {
    await this.page.exposeFunction("note", (name, args) => this.notes.add(name, args));
    await within(`${this.name} loads ${address}`, this.page.goto(address));
  }

  /**
   * Make the page's socket, which connects of itself.
   *
   * @param {object} options those of `io.Socket`.
   * @param {string} host of the server, where it is not the page's own.
   */
  async enters(options, host = undefined) {
    await this.does(
      ({ options, host, names }) => {
        window.socket = new io.Socket(host, options);
        window.hear = (speaker, prefix, name) =>
          speaker.on(name, (...args) => window.note(prefix + name, args));
        for (const name of names) hear(socket, "", name);
      },
      { options, host, names: NOTED },
    );
  }

  /** Join a realm, and take its events of these names into the notes. */
  async attends(realm, ...names) {
    await this.does(
      ({ realm, names }) => {
        for (const name of names) hear(socket.realm(realm), `${realm}/`, name);
      },
      { realm, names },
    );
  }

  /** Run this in the page, where `socket` is the socket; resolve to what it returns. */
  does(action, argument = undefined) {
    return within(`${this.name} does ${action}`, this.page.evaluate(action, argument));
  }

  /** Resolve to what was heard under that name, once there are `count` of it. */
  hears(name, count = 1, patience = undefined) {
    return this.notes.next(name, count, patience);
  }

  /** Resolve to all messages, once there are `count` of them. */
  async reads(count) {
    return (await this.hears("message", count)).map(([message]) => message);
  }

  /** Send all of these messages. */
  async sends(...messages) {
    await this.does((messages) => messages.forEach((each) => socket.send(each)), messages);
  }

  /** Emit an event. */
  async tells(...args) {
    await this.does((args) => void socket.emit(...args), args);
  }

  /** Call a method of that realm's, which joins it where it is not joined yet. */
  async inRealm(realm, method, ...args) {
    await this.does(
      ({ realm, method, args }) => void socket.realm(realm)[method](...args),
      { realm, method, args },
    );
  }

  /** Emit an event that wants an acknowledgement; resolve to the acknowledgement's arguments. */
  asks(...args) {
    return this.does(
      (args) => new Promise((resolve) => socket.emit(...args, (...answers) => resolve(answers))),
      args,
    );
  }

  /** A property of the socket. */
  knows(property) {
    return this.does((property) => socket[property], property);
  }
}
