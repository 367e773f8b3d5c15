import { once } from "node:events";
import net from "node:net";

/** A way to a server that can be cut. */
export class Cable {
  #sockets = new Set();
  #listener;

  /** @param {object} server where it leads. */
  constructor(server) {
    this.server = server;
    this.programs = server.programs;
    this.#listener = net.createServer((near) => this.#connect(near));
  }

  /** Resolve to the cable, once it is laid. */
  async lay() {
    await once(this.#listener.listen(0, this.server.host), "listening");
    return this;
  }

  get origin() {
    return `http://${this.server.host}:${this.#listener.address().port}`;
  }

  #connect(near) {
    const far = net.connect(this.server.port, this.server.host);
    for (const [one, other] of [[near, far], [far, near]]) {
      this.#sockets.add(one);
      one.on("error", () => other.destroy());
      one.on("close", () => this.#sockets.delete(one));
      one.pipe(other);
    }
  }

  /** Break all connections; new ones can be made. */
  cut() {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Take it away. */
  end() {
    this.#listener.close();
    this.cut();
  }
}
