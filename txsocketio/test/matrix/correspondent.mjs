/**
 * The client of 0.6, which knows nothing but messages, with events on top of them:
 * app.py does the same at its end. An event is `{ event, args, id }`, with an id where
 * it asks for an acknowledgement, which is `{ answers: id, args }`. All else is a
 * message of its own.
 */
export class Correspondent {
  #socket;
  #handlers = new Map();
  #answers = new Map();

  /** @param {object} socket an `io.Socket` of 0.6. */
  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (message) => this.#hear(message));
  }

  get connected() {
    return this.#socket.connected;
  }

  get carrier() {
    return this.#socket.transport.type;
  }

  on(name, handler) {
    if (["connect", "disconnect"].includes(name)) this.#socket.on(name, handler);
    else this.#handlers.set(name, [...(this.#handlers.get(name) ?? []), handler]);
  }

  send(message) {
    this.#socket.send(message);
  }

  emit(event, ...args) {
    if (typeof args.at(-1) !== "function") return this.send({ event, args });
    const id = this.#answers.size;
    this.#answers.set(id, args.pop());
    return this.send({ event, args, id });
  }

  disconnect() {
    this.#socket.disconnect();
  }

  #hear(message) {
    const { event, answers, args } = message ?? {};
    if (answers !== undefined) this.#answers.get(answers)(...args);
    else if (event !== undefined) this.#fire(event, args);
    else this.#fire("message", [message]);
  }

  #fire(name, args) {
    for (const each of this.#handlers.get(name) ?? []) each(...args);
  }
}
