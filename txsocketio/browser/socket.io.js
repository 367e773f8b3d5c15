/*
 * Socket.IO for the browser: the client script of txsocketio (MIT licence).
 *
 *     const socket = new io.Socket();
 *     socket.on("connect", () => socket.send("hello"));
 *     socket.on("message", (message) => console.log(message));
 *
 * It speaks the first protocol, that of 2010, with the events, acknowledgements
 * and realms that txsocketio adds to it. One classic script, no build step, to
 * be read from top to bottom:
 *
 *   Framing      what is written on the wire, and how it is read
 *   Emitter      handlers of events
 *   Transports   the ways to the server: a further one is one entry in a table
 *   Link         one connection over one transport, from its birth to its end
 *   Realm        what an application sends and receives
 *   Socket       which transport, when, and when again
 *
 * Durations are milliseconds. Names with a leading underscore are private.
 */
(function () {
  "use strict";

  // ---------------------------------------------------------------- Framing
  //
  // A frame is `type:length:data,`. Its length counts UTF-16 code units, which
  // is what `length` of a JavaScript string counts.

  const DISCONNECT = "0";
  const MESSAGE = "1";
  const HEARTBEAT = "2";
  const SESSION = "3";

  const encodeFrame = (type, data) => `${type}:${data.length}:${data},`;

  const GOODBYE = encodeFrame(DISCONNECT, "");

  const FRAME_HEAD = /^([0-3]):(\d{1,10}):/;
  const FRAME_HEAD_BEGUN = /^(?:[0-3](?::\d{0,10})?)?$/;

  /** Finds the frames in what arrives, in whatever pieces it arrives. */
  class Decoder {
    constructor() {
      this._rest = "";
      this._needed = 0;
    }

    /**
     * Take one more piece, and yield [type, data] of every frame that is now
     * complete. Throws at the first thing that is no frame.
     */
    *add(text) {
      this._rest += text;
      // Not to look at a long frame again with each piece of it.
      if (this._rest.length < this._needed) return;
      for (let head; (head = FRAME_HEAD.exec(this._rest)); ) {
        const start = head[0].length;
        const end = start + Number(head[2]);
        this._needed = end + 1;
        if (this._rest.length < this._needed) return;
        if (this._rest[end] !== ",") throw new Error("no comma where the frame ends");
        const frame = [head[1], this._rest.slice(start, end)];
        this._rest = this._rest.slice(this._needed);
        this._needed = 0;
        yield frame;
      }
      if (!FRAME_HEAD_BEGUN.test(this._rest)) throw new Error("not a frame");
    }
  }

  // A message is annotations and a text. The newline-ended form closes each
  // annotation with a line feed and puts a colon before the text; it is the one
  // we write. The separated form is the specification's: line feeds only between
  // annotations. A server may use it until it has heard from us.
  //
  // `j` marks JSON and never has a value; `r` (realm), `a` (acknowledgement) and
  // `e` (event) always have one; any other key may.

  const OTHER_KEY = "(?![jrae][:\\n])[^:\\n]+";
  const NEWLINE_ENDED = new RegExp(
    `^((?:(?:j|[rae]:[^\\n]*|${OTHER_KEY}(?::[^\\n]*)?)\\n)*):`
  );
  const SEPARATED = new RegExp(
    `^((?:(?:j|[rae]:[^:\\n]*|${OTHER_KEY}(?::[^:\\n]*)?)\\n)*` +
      `(?:j|[rae]:[^:\\n]*|${OTHER_KEY}(?::[^:\\n]*(?=:))?)):`
  );

  /**
   * { realm, id, event, body } out of a message's data. `event` is undefined
   * for a plain message and empty for an acknowledgement, `id` is undefined where
   * none is asked for or given.
   */
  function readMessage(data) {
    const head = NEWLINE_ENDED.exec(data) || SEPARATED.exec(data);
    if (!head) throw new Error("not a message");
    const annotations = new Map();
    for (const line of head[1].split("\n")) {
      const [key] = line.split(":", 1);
      annotations.set(key, line.slice(key.length + 1));
    }
    const text = data.slice(head[0].length);
    const body = annotations.has("j") ? JSON.parse(text) : text;
    const event = annotations.get("e");
    if (event !== undefined && !Array.isArray(body)) throw new Error("an event without a list");
    return { realm: annotations.get("r") || "", id: annotations.get("a"), event, body };
  }

  /** The data of a message, from what `readMessage` makes of it. */
  function writeMessage({ realm = "", id, event, body }) {
    let data = "";
    if (realm !== "") data += `r:${realm}\n`;
    if (id !== undefined) data += `a:${id}\n`;
    if (event !== undefined) data += `e:${event}\n`;
    if (typeof body === "string") return `${data}:${body}`;
    // JSON has no undefined and no functions; null is what it makes of them in a list.
    return `${data}j\n:${JSON.stringify(body) ?? "null"}`;
  }

  // ---------------------------------------------------------------- Emitter

  /** Handlers, by the name of the event they wait for. */
  class Emitter {
    constructor() {
      this._handlers = new Map();
    }

    /** Call `handler` with the event's arguments whenever it happens. */
    on(event, handler) {
      return this._listen(event, handler, false);
    }

    /** The same, for the next time only. */
    once(event, handler) {
      return this._listen(event, handler, true);
    }

    /** Forget one handler; without a handler all of the event; without an event all. */
    off(event, handler) {
      if (event === undefined) this._handlers.clear();
      else if (handler === undefined) this._handlers.delete(event);
      else this._forget(event, (entry) => entry.handler === handler);
      return this;
    }

    _listen(event, handler, once) {
      if (typeof handler !== "function") throw new TypeError("a handler has to be a function");
      this._handlers.set(event, [...(this._handlers.get(event) || []), { handler, once }]);
      return this;
    }

    _forget(event, isMeant) {
      const entries = this._handlers.get(event) || [];
      this._handlers.set(event, entries.filter((entry) => !isMeant(entry)));
    }

    _fire(event, ...args) {
      for (const entry of this._handlers.get(event) || []) {
        if (entry.once) this._forget(event, (other) => other === entry);
        try {
          entry.handler.apply(this, args);
        } catch (error) {
          // It is the application's mistake: it shows up as any uncaught error
          // does, and neither the other handlers nor the connection suffer.
          setTimeout(() => { throw error; });
        }
      }
    }
  }

  // ------------------------------------------------------------- Transports
  //
  // A transport is a class: `usable()` tells whether this environment has what
  // it takes; an instance carries one link, by
  //
  //   open()                 connect. What arrives goes to link.received(text),
  //                          the end of it all to link.lost(reason, detail).
  //   send(frames, leaving)  write these frames, in their order. `leaving`: the
  //                          page is about to go, and whatever is not handed
  //                          over now never will be.
  //   close()                let go; what was sent before may still go out.
  //   untaken()              where it can tell: give back the frames that the
  //                          server has certainly not taken, nor ever will.
  //
  // Its URLs come from link.url(part, ...); link.sessionId is null at first.

  const isUsed = (name) => Object.hasOwn(transports, name) && transports[name].usable();

  let lastStamp = 0;

  /** The time, but never twice the same: no cache may answer one poll with another. */
  const stamp = () => (lastStamp = Math.max(Date.now(), lastStamp + 1));

  class WebSocketTransport {
    static usable() {
      return typeof WebSocket === "function";
    }

    constructor(link) {
      this._link = link;
    }

    open() {
      const link = this._link;
      this._webSocket = new WebSocket(link.url().replace(/^http/, "ws"));
      this._webSocket.onmessage = ({ data }) => link.received(data);
      this._webSocket.onerror = () => link.lost("transport error", "the connection failed");
      this._webSocket.onclose = () => link.lost("transport close");
    }

    send(frames) {
      for (const frame of frames) this._webSocket.send(frame);
    }

    close() {
      this._webSocket?.close();
    }
  }

  // Servers limit the size of a request (txsocketio: a million bytes, ten
  // thousand packets). So many characters stay below both limits even when each
  // of them is written as three escaped bytes, and each frame is as short as can be.
  const POST_LENGTH = 50000;

  // So answers who has done nothing: a server that does not know the session, or a
  // proxy that has no server. Behind any other failure, the frames may have arrived.
  const NOT_TAKEN = new Set([404, 503]);

  // How long the last POST may hold up the end of a stream.
  const FAREWELL = 2000;

  /** Sends frames by POST requests: one at a time, which keeps them in order. */
  class Poster {
    /** `url()` tells where to; `mode` is that of `fetch`. */
    constructor(link, url, mode) {
      this._link = link;
      this._url = url;
      this._mode = mode;
      this._waiting = [];
      this._busy = false;
      this._drained = Promise.resolve();
    }

    send(frames, leaving) {
      for (const frame of frames) this._waiting.push(frame);
      if (leaving) this._beacon();
      else if (!this._busy) this._drained = this._drain();
    }

    /**
     * End a stream, but behind what was sent before: a server that keeps no session
     * without its stream would not take the goodbye for one.
     */
    finish(end) {
      this._drained.then(end);
      setTimeout(end, FAREWELL);
    }

    /** What has not gone out, and now will not; what was refused first of all. */
    untaken() {
      return this._waiting.splice(0);
    }

    /** A beacon outlives the page. */
    _beacon() {
      const data = this._waiting.splice(0).join("");
      navigator.sendBeacon(this._url(), new URLSearchParams({ data }));
    }

    async _drain() {
      this._busy = true;
      try {
        while (this._waiting.length > 0) await this._post(this._batch());
      } catch (error) {
        this._link.lost("transport error", error.message);
      } finally {
        this._busy = false;
      }
    }

    _batch() {
      let count = 1;
      let length = this._waiting[0].length;
      while (count < this._waiting.length) {
        length += this._waiting[count].length;
        if (length > POST_LENGTH) break;
        count += 1;
      }
      return this._waiting.splice(0, count);
    }

    async _post(frames) {
      const data = frames.join("");
      const response = await fetch(this._url(), {
        method: "POST",
        mode: this._mode,
        credentials: this._link.credentials,
        headers: { "Content-Type": "application/x-www-form-urlencoded; charset=utf-8" },
        // Half a surrogate pair cannot be escaped; a WebSocket replaces it just so.
        body: "data=" + encodeURIComponent(data.replace(/\p{Surrogate}/gu, "\uFFFD")),
      });
      // An opaque response is what "no-cors" shows of another origin's: no status.
      if (!response.ok && response.type !== "opaque") {
        if (NOT_TAKEN.has(response.status)) this._waiting.unshift(...frames);
        throw new Error(`a POST was answered ${response.status}`);
      }
    }
  }

  /** GETs what the server has to say, until there is no need any more. */
  class Getter {
    constructor(link) {
      this._link = link;
      this._abort = new AbortController();
    }

    async get() {
      const link = this._link;
      const response = await fetch(link.url(link.sessionId, stamp()), {
        cache: "no-store",
        credentials: link.credentials,
        signal: this._abort.signal,
      });
      if (response.status !== 200) throw new Error(`a GET was answered ${response.status}`);
      return response;
    }

    abort() {
      this._abort.abort();
    }
  }

  /** What all transports share whose frames to the server go by POST. */
  class Posting {
    constructor(link, poster = new Poster(link, () => link.url(link.sessionId, "send"), "cors")) {
      this._link = link;
      this._poster = poster;
    }

    send(frames, leaving) {
      this._poster.send(frames, leaving);
    }

    untaken() {
      return this._poster.untaken();
    }
  }

  class ServerEvents extends Posting {
    static usable() {
      return typeof EventSource === "function";
    }

    open() {
      const link = this._link;
      const withCredentials = link.credentials === "include";
      const source = (this._source = new EventSource(link.url(), { withCredentials }));
      source.onmessage = ({ data }) => link.received(data);
      // An event's lines cannot carry a carriage return.
      source.addEventListener("json", ({ data }) => link.received(JSON.parse(data)));
      source.onerror = () => {
        // The browser takes a session up again by itself, unless the server refuses
        // that; should it not succeed, the silence ends the link.
        const isOver = link.sessionId === null || source.readyState === EventSource.CLOSED;
        if (isOver) link.lost("transport error", "there is no stream of events");
      };
    }

    close() {
      this._source?.close();
    }
  }

  // What each part of a multipart answer ends with.
  const BOUNDARY = "\n--socketio\n";

  /** One answer of many parts. Firefox once took it apart by itself; here we do. */
  class XHRMultipart extends Posting {
    static usable() {
      return typeof fetch === "function" && typeof TextDecoderStream === "function";
    }

    constructor(link) {
      super(link);
      this._getter = new Getter(link);
      // The first boundary has nothing before it, not even its line feed.
      this._rest = "\n";
    }

    async open() {
      const link = this._link;
      try {
        const { body } = await this._getter.get();
        const reader = body.pipeThrough(new TextDecoderStream()).getReader();
        for (let piece; !(piece = await reader.read()).done; ) this._take(piece.value);
        link.lost("transport close");
      } catch (error) {
        link.lost("transport error", error.message);
      }
    }

    /** Hand over the parts that are complete: headers, an empty line, frames. */
    _take(text) {
      const parts = (this._rest + text).split(BOUNDARY);
      this._rest = parts.pop();
      for (const part of parts) this._link.received(part.slice(part.indexOf("\n\n") + 2));
    }

    close() {
      this._poster.finish(() => this._getter.abort());
    }
  }

  /** A script or frame that hangs before the page has loaded would keep it loading. */
  function pageLoaded() {
    if (document.readyState === "complete") return Promise.resolve();
    return new Promise((resolve) => addEventListener("load", resolve, { once: true }));
  }

  class HTMLFile extends Posting {
    static usable() {
      return typeof document === "object" && typeof fetch === "function";
    }

    open() {
      if (new URL(this._link.url()).origin !== location.origin) {
        throw new Error("only a page of the server's own origin can have its frame");
      }
      pageLoaded().then(() => this._load());
    }

    /**
     * The answer is a page without end, of scripts that call `parent.s._`. So that
     * they find this transport and nothing else, and the page's own names stay
     * free, their parent is an empty frame around theirs.
     */
    _load() {
      if (!this._link.alive) return;
      const outer = (this._outer = document.createElement("iframe"));
      outer.hidden = true;
      outer.onload = () => {
        outer.onload = null;
        this._fill(outer.contentWindow);
      };
      document.body.append(outer);
    }

    _fill(parent) {
      const link = this._link;
      parent.s = {
        _(text, { currentScript }) {
          // It has been run; let it not take up memory.
          currentScript.remove();
          link.received(text);
        },
      };
      const inner = parent.document.createElement("iframe");
      inner.onload = () => link.lost("transport close", "the frame's page has ended");
      inner.src = link.url(link.sessionId, stamp());
      parent.document.body.append(inner);
    }

    close() {
      this._poster.finish(() => this._outer?.remove());
    }
  }

  /** Asks again and again; each answer waits until the server has something to say. */
  class Polling extends Posting {
    async open() {
      const link = this._link;
      try {
        while (link.alive) {
          link.received(await this._get());
          if (link.sessionId === null) throw new Error("the answer holds no session id");
        }
      } catch (error) {
        link.lost("transport error", error.message);
      }
    }
  }

  class XHRPolling extends Polling {
    static usable() {
      return typeof fetch === "function";
    }

    constructor(link) {
      super(link);
      this._getter = new Getter(link);
    }

    async _get() {
      return (await this._getter.get()).text();
    }

    close() {
      this._getter.abort();
    }
  }

  /** The numbered slots whose `_` the scripts of JSONP answers call. */
  const JSONP = [];

  class JSONPPolling extends Polling {
    static usable() {
      return typeof document === "object" && typeof fetch === "function";
    }

    constructor(link) {
      // The 2010 client posted a form into a hidden iframe. "no-cors" reaches any
      // origin as a form does, but leaves line feeds and the page's history alone,
      // tells when the network fails, and on the page's own origin shows the status.
      super(link, new Poster(link, () => this._url(), "no-cors"));
      this._index = JSONP.push(this) - 1;
    }

    async open() {
      await pageLoaded();
      return super.open();
    }

    _url() {
      return this._link.url(this._link.sessionId, stamp(), this._index);
    }

    _get() {
      return new Promise((resolve, reject) => {
        this._ = resolve;
        const script = (this._script = document.createElement("script"));
        // Behind an answer that has called `_`, a rejection means nothing.
        script.onload = script.onerror = () => {
          script.remove();
          reject(new Error("a script could not be loaded, or was none of ours"));
        };
        script.src = this._url();
        document.head.append(script);
      });
    }

    close() {
      // A script on its way cannot be stopped, but what it calls can be empty.
      JSONP[this._index] = { _() {} };
      this._script?.remove();
    }
  }

  const transports = {
    "websocket": WebSocketTransport,
    "server-events": ServerEvents,
    "xhr-multipart": XHRMultipart,
    "htmlfile": HTMLFile,
    "xhr-polling": XHRPolling,
    "jsonp-polling": JSONPPolling,
  };

  // ------------------------------------------------------------------- Link

  const links = new Set();

  /**
   * One connection over one transport: its session id, its heartbeats, its end.
   * It tells its owner `_linked()`, `_message(data)` and, once and as the last
   * thing, `_unlinked(link, reason, error, untaken)`; afterwards nothing reaches it.
   */
  class Link {
    constructor(owner, name) {
      this._owner = owner;
      this._options = owner.options;
      this._decoder = new Decoder();
      this._transport = new transports[name](this);
      this.name = name;
      this.sessionId = null;
      this.alive = true;
      this.credentials = this._options.withCredentials ? "include" : "same-origin";
    }

    open() {
      if (!this.alive) return;
      links.add(this);
      this._expect(this._options.connectTimeout, "no session id came in time");
      try {
        this._transport.open();
      } catch (error) {
        this.lost("transport error", error.message);
      }
    }

    /** The transport's URL with these parts behind it; null is an empty part. */
    url(...parts) {
      const { secure, host, port, resource } = this._options;
      const origin = `${secure ? "https" : "http"}://${host}${port ? `:${port}` : ""}`;
      return [origin, resource, this.name, ...parts.map((part) => part ?? "")].join("/");
    }

    received(text) {
      if (!this.alive) return;
      if (this.sessionId !== null) this._expectMore();
      try {
        for (const [type, data] of this._decoder.add(text)) {
          this._take(type, data);
          if (!this.alive) return;
        }
      } catch (error) {
        this.lost("parse error", error.message);
      }
    }

    _take(type, data) {
      if (type === MESSAGE) this._owner._message(data);
      else if (type === HEARTBEAT) this.send([encodeFrame(HEARTBEAT, data)]);
      else if (type === DISCONNECT) this.lost("io server disconnect");
      else if (type === SESSION && this.sessionId === null) this._named(data);
    }

    /** How long it has been open. */
    get age() {
      return this.sessionId === null ? 0 : Date.now() - this._born;
    }

    _named(sessionId) {
      this.sessionId = sessionId;
      this._born = Date.now();
      this._expectMore();
      this._owner._linked();
    }

    send(frames, leaving = false) {
      if (this.alive && frames.length > 0) this._transport.send(frames, leaving);
    }

    /** End it from this side, with a goodbye if there is anybody to hear it. */
    leave(reason, leaving = false) {
      if (this.sessionId !== null) this.send([GOODBYE], leaving);
      this._end(reason);
    }

    /** It has ended. `detail` says what went wrong, if something did. */
    lost(reason, detail) {
      if (!this.alive) return;
      const error = detail === undefined ? undefined : new Error(`${this.name}: ${detail}`);
      this._end(reason, error, this._transport.untaken?.());
    }

    _end(reason, error, untaken = []) {
      if (!this.alive) return;
      this.alive = false;
      links.delete(this);
      clearTimeout(this._timer);
      this._transport.close();
      this._owner._unlinked(this, reason, error, untaken);
    }

    _expectMore() {
      this._expect(this._options.timeout, "the server has fallen silent");
    }

    _expect(delay, complaint) {
      clearTimeout(this._timer);
      if (delay === Infinity) return;
      this._timer = setTimeout(() => this.lost("ping timeout", complaint), delay);
    }
  }

  // A page that goes says goodbye, so that nobody waits for it. Should it come
  // back out of the browser's cache, its sockets reconnect by themselves.
  globalThis.addEventListener?.("pagehide", () => {
    for (const link of [...links]) {
      if (link.sessionId !== null) link.leave("transport close", true);
    }
  });

  // ------------------------------------------------------------------ Realm

  const RESERVED = new Set([
    "connect", "connect_error", "disconnect", "disconnecting",
    "newListener", "removeListener", "error",
  ]);

  /**
   * A part of the connection with events of its own. What is sent before the
   * server has let us in waits, and goes out in order as soon as it has.
   *
   * Events: connect(), message(message), disconnect(reason),
   * connect_error({ message, data }), and whatever the server emits.
   */
  class Realm extends Emitter {
    constructor(socket, name, auth) {
      super();
      this.name = name;
      this.connected = false;
      this._socket = socket || this;
      this._auth = auth;
      this._wanted = false;
      this._waiting = [];
      this._lastId = 0;
      this._acks = new Map();
    }

    /** Send a string as it is, anything else as JSON. */
    send(message) {
      return this._write({ body: message });
    }

    /**
     * Send an event. A function as the last argument is called with the server's
     * acknowledgement, or never, if the connection is lost before that comes.
     */
    emit(event, ...args) {
      if (typeof event !== "string" || event === "" || event.includes("\n")) {
        throw new TypeError("an event's name is a string of one line, and not empty");
      }
      if (RESERVED.has(event)) throw new TypeError(`the event "${event}" is reserved`);
      if (typeof args.at(-1) !== "function") return this._write({ event, body: args });
      const id = String((this._lastId += 1));
      this._acks.set(id, args.pop());
      return this._write({ id, event, body: args });
    }

    /** Leave. What still waits to be sent is dropped. */
    disconnect() {
      if (this._wanted) this._control("disconnect");
      this._left("io client disconnect");
      return this;
    }

    _join() {
      this._wanted = true;
      this._control("connect", this._auth);
    }

    /** Tell the server now, or not at all: a new connection joins anew anyway. */
    _control(event, argument) {
      const body = argument === undefined ? [] : [argument];
      if (this._socket.connected) this._socket._link.send([this._frame({ event, body })]);
    }

    _frame(message) {
      return encodeFrame(MESSAGE, writeMessage({ ...message, realm: this.name }));
    }

    _write(message) {
      const frame = this._frame(message);
      if (this.connected) this._socket._link.send([frame]);
      else this._waiting.push(frame);
      return this;
    }

    _open() {
      this.connected = true;
      this._socket._link.send(this._waiting.splice(0));
    }

    /** What is sent from now on waits for the next connection. */
    _cut() {
      this.connected = false;
      this._acks.clear();
    }

    _drop() {
      this._waiting = [];
      this._acks.clear();
    }

    /** One side does not want it any more. */
    _left(reason) {
      const wasConnected = this.connected;
      this._wanted = false;
      this._drop();
      this._cut();
      if (wasConnected) this._fire("disconnect", reason);
    }

    _received({ id, event, body }) {
      if (event === undefined) this._fire("message", body);
      else if (event === "") this._acknowledged(id, body);
      else if (event === "connect") this._confirmed();
      else if (event === "connect_error") this._refused(body[0]);
      else if (event === "disconnect") this._dismissed();
      else if (id === undefined) this._fire(event, ...body);
      else this._fire(event, ...body, this._acknowledger(id));
    }

    _confirmed() {
      if (!this._wanted || this.connected) return;
      this._open();
      this._fire("connect");
    }

    _refused(error) {
      this._wanted = false;
      this._drop();
      this._fire("connect_error", error);
    }

    _dismissed() {
      this._left("io server disconnect");
    }

    _acknowledged(id, args) {
      const ack = this._acks.get(id);
      this._acks.delete(id);
      if (!ack) return;
      // `once` and `_fire` keep an error in here from harming us, too.
      new Emitter().once("ack", ack)._fire("ack", ...args);
    }

    /** What a handler calls to acknowledge; only the first call counts. */
    _acknowledger(id) {
      let link = this._socket._link;
      return (...args) => {
        link?.send([this._frame({ id, event: "", body: args })]);
        link = null;
      };
    }
  }

  // ----------------------------------------------------------------- Socket

  const DEFAULTS = {
    resource: "socket.io",
    // One stream is enough: what holds it back would hold back the others as well,
    // and each of them as long as `connectTimeout`.
    transports: ["websocket", "server-events", "xhr-polling", "jsonp-polling"],
    autoConnect: true,
    withCredentials: false,
    // For each transport, until the session id has come.
    connectTimeout: 10000,
    // Silence after which the connection counts as lost. By default txsocketio
    // sends a heartbeat every 10 s, or answers a poll after 20 s at the latest.
    timeout: 25000,
    reconnect: true,
    reconnectionDelay: 500,
    reconnectionDelayMax: 10000,
    maxReconnectionAttempts: Infinity,
  };

  /** Where the page came from, as far as there is a page. */
  function defaultPlace(host) {
    const page = globalThis.location;
    const secure = page?.protocol === "https:";
    if (!page?.hostname) return { host: host || "localhost", secure };
    if (host && host !== page.hostname) return { host, secure };
    return { host: page.hostname, port: page.port, secure };
  }

  /**
   * The connection to a server, and at the same time its realm without a name.
   *
   * Each attempt tries the transports in their order until one gets through. A
   * connection that is lost is attempted again, after delays that double and are
   * spread at random; so is one that the server has ended, which is what it does
   * when it is restarted. Who wants to stay away then calls disconnect(). Who is
   * refused (connect_error) stays away until the next connect().
   *
   * Events, beyond those of a realm: connecting(transport), connect_failed(),
   * reconnecting(delay, attempts), reconnect(), reconnect_failed(), error(error).
   */
  class Socket extends Realm {
    constructor(host, options = {}) {
      super(null, "");
      this.options = { ...DEFAULTS, ...defaultPlace(host), ...options };
      this._realms = new Map();
      this._link = null;
      this._candidates = [];
      this._attempts = 0;
      if (this.options.autoConnect) this._timer = setTimeout(() => this.connect());
    }

    /** Whether a transport is being tried just now. */
    get connecting() {
      return this._link !== null && !this.connected;
    }

    /** The name of the transport in use, or null. */
    get transport() {
      return this.connected ? this._link.name : null;
    }

    /** The name that the server has given to this connection, or null. */
    get sessionId() {
      return this.connected ? this._link.sessionId : null;
    }

    /** Connect now; nothing to do if it is connected, or about to be. */
    connect() {
      if (this._link) return this;
      clearTimeout(this._timer);
      this._wanted = true;
      this._candidates = this.options.transports.filter(isUsed);
      this._tryNext();
      return this;
    }

    /** End the connection, or the attempts to get one. What still waits is dropped. */
    disconnect() {
      clearTimeout(this._timer);
      this._wanted = false;
      this._attempts = 0;
      for (const realm of this._everything()) realm._drop();
      this._link?.leave("io client disconnect");
      return this;
    }

    /**
     * Join the realm of that name, and join it again after each reconnection until
     * it is left. `auth` goes to the server with each joining.
     */
    realm(name, auth) {
      if (typeof name !== "string" || name === "" || name.includes("\n")) {
        throw new TypeError("a realm's name is a string of one line, and not empty");
      }
      if (!this._realms.has(name)) this._realms.set(name, new Realm(this, name));
      const realm = this._realms.get(name);
      if (auth !== undefined) realm._auth = auth;
      if (!realm._wanted) realm._join();
      return realm;
    }

    _tryNext() {
      const name = this._candidates.shift();
      if (name === undefined) return this._exhausted();
      const link = (this._link = new Link(this, name));
      this._fire("connecting", name);
      link.open();
    }

    _exhausted() {
      if (this._attempts === 0) this._fire("connect_failed");
      this._retryLater();
    }

    _retryLater() {
      // A handler may have decided otherwise meanwhile.
      if (!this._wanted || this._link) return;
      const { reconnect, maxReconnectionAttempts } = this.options;
      if (!reconnect || this._attempts >= maxReconnectionAttempts) {
        this._wanted = false;
        if (reconnect) this._fire("reconnect_failed");
        this._attempts = 0;
        return;
      }
      const delay = this._nextDelay();
      this._attempts += 1;
      this._timer = setTimeout(() => this.connect(), delay);
      this._fire("reconnecting", delay, this._attempts);
    }

    /** Between half and all of a delay that doubles: not all clients come back at once. */
    _nextDelay() {
      const { reconnectionDelay, reconnectionDelayMax } = this.options;
      const longest = Math.min(reconnectionDelay * 2 ** this._attempts, reconnectionDelayMax);
      return Math.round(longest * (1 + Math.random()) / 2);
    }

    /** All realms, the one without a name last. */
    _everything() {
      return [...this._realms.values(), this];
    }

    _linked() {
      this._open();
      for (const realm of this._realms.values()) {
        if (realm._wanted) realm._join();
      }
      this._fire("connect");
      if (this._attempts > 0) this._fire("reconnect");
    }

    _message(data) {
      const message = readMessage(data);
      const realm = message.realm === "" ? this : this._realms.get(message.realm);
      realm?._received(message);
    }

    _dismissed() {
      this._link.lost("io server disconnect");
    }

    _unlinked(link, reason, error, untaken) {
      this._link = null;
      const wasOpen = link.sessionId !== null;
      // A server that sends us away each time is asked less and less often.
      if (link.age > this.options.reconnectionDelayMax) this._attempts = 0;
      const closed = this._everything().filter((realm) => realm.connected);
      // All of them first: a handler must find none that only seems to be connected.
      for (const realm of closed) realm._cut();
      for (const frame of untaken) this._keep(frame, closed);
      if (error) this._fire("error", error);
      for (const realm of closed) realm._fire("disconnect", reason);
      if (wasOpen) this._retryLater();
      else if (this._wanted && !this._link) this._tryNext();
    }

    /** A message that this connection has not taken waits for the next one. */
    _keep(frame, realms) {
      for (const [type, data] of new Decoder().add(frame)) {
        if (type !== MESSAGE) return;
        const { realm: name, event } = readMessage(data);
        // An answer: the next connection may have asked something else by that id.
        if (event === "") return;
        realms.find((realm) => realm._wanted && realm.name === name)?._waiting.push(frame);
      }
    }
  }

  globalThis.io = {
    Socket,
    transports,
    JSONP,
    protocol: { Decoder, encodeFrame, readMessage, writeMessage },
  };
})();
