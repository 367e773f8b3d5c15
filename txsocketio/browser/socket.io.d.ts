/**
 * Types of the client script that txsocketio serves at /socket.io/socket.io.js.
 *
 * It is a classic script and defines the global `io`; refer to these types by
 * `/// <reference path="socket.io.d.ts" />` or by the compiler's `files`.
 */
declare namespace io {
  /** Arguments of events, by the names of the events. */
  type EventMap = { [event: string]: (...args: any[]) => void };

  /** What JSON can carry. */
  type JSONValue = string | number | boolean | null | JSONValue[] | { [key: string]: JSONValue };

  type TransportName =
    | "websocket"
    | "server-events"
    /** Read as a stream; no browser of today knows such an answer by itself. */
    | "xhr-multipart"
    /** A hidden frame, so on the page's own origin only. */
    | "htmlfile"
    | "xhr-polling"
    | "jsonp-polling"
    | (string & {});

  type DisconnectReason =
    /** The server has ended it. A socket reconnects, a realm does not. */
    | "io server disconnect"
    /** `disconnect()` has been called here. */
    | "io client disconnect"
    /** Nothing has come from the server for `timeout`. */
    | "ping timeout"
    /** The connection was closed. */
    | "transport close"
    /** The connection broke, or a request was answered with an error. */
    | "transport error"
    /** What the server has sent cannot be understood. */
    | "parse error";

  /** Durations are milliseconds. */
  interface SocketOptions {
    /** The server's port. Default: the page's, if the host is the page's too. */
    port?: number | string;
    /** Whether to use TLS. Default: if the page does. */
    secure?: boolean;
    /** The first part of the server's paths. Default: "socket.io". */
    resource?: string;
    /**
     * What to connect by, in the order of preference; names that are unknown or
     * of no use here are passed over. Default: websocket, server-events, xhr-polling,
     * jsonp-polling.
     */
    transports?: readonly TransportName[];
    /** Connect in the next task, without a call of `connect()`. Default: true. */
    autoConnect?: boolean;
    /** Send cookies to another origin. Default: false. */
    withCredentials?: boolean;
    /** How long each transport may take to get through. Default: 10000. */
    connectTimeout?: number;
    /** How long the server may be silent. Default: 25000. */
    timeout?: number;
    /** Connect again what was lost, or could not be reached. Default: true. */
    reconnect?: boolean;
    /** The longest first delay; it doubles with each attempt. Default: 500. */
    reconnectionDelay?: number;
    /** What the delay grows to. Default: 10000. */
    reconnectionDelayMax?: number;
    /** When to give up. Default: Infinity. */
    maxReconnectionAttempts?: number;
  }

  interface ConnectError {
    message: string;
    data?: JSONValue;
  }

  interface RealmEvents {
    /** The connection stands; what waited has been sent. */
    connect(): void;
    /** The server has turned us away. */
    connect_error(error: ConnectError): void;
    disconnect(reason: DisconnectReason): void;
    /** A string as it was sent, or what JSON made of anything else. */
    message(message: any): void;
  }

  interface SocketEvents extends RealmEvents {
    connecting(transport: TransportName): void;
    /** No transport got through, for the first time since the last connection. */
    connect_failed(): void;
    /** The next attempt, the `attempts`-th, comes in `delay` milliseconds. */
    reconnecting(delay: number, attempts: number): void;
    /** After `connect`, if it took more than the first attempt. */
    reconnect(): void;
    /** `maxReconnectionAttempts` have been made. */
    reconnect_failed(): void;
    /** Why a transport did not get through, or why the connection was lost. */
    error(error: Error): void;
  }

  type ReservedEvent =
    | "connect"
    | "connect_error"
    | "disconnect"
    | "disconnecting"
    | "newListener"
    | "removeListener"
    | "error";

  type Handler<Own, Heard, Event extends PropertyKey> = Event extends keyof Own
    ? Own[Event]
    : Event extends keyof Heard
      ? Heard[Event]
      : never;

  /**
   * Handlers are called in the order in which they were added. One that throws
   * harms neither the others nor the connection.
   */
  interface Emitter<Own, Heard> {
    /**
     * Call `handler` with the event's arguments whenever it happens. Where the
     * server asks for an acknowledgement, the last argument is a function to call
     * with the acknowledgement's arguments, once.
     */
    on<Event extends keyof Own | keyof Heard>(
      event: Event,
      handler: Handler<Own, Heard, Event>,
    ): this;
    /** The same, for the next time only. */
    once<Event extends keyof Own | keyof Heard>(
      event: Event,
      handler: Handler<Own, Heard, Event>,
    ): this;
    /** Forget one handler; without a handler all of the event; without an event all. */
    off<Event extends keyof Own | keyof Heard>(
      event?: Event,
      handler?: Handler<Own, Heard, Event>,
    ): this;
  }

  /** The verbs and properties that a realm and a socket share. */
  interface Channel<Own, Heard, Told> extends Emitter<Own, Heard> {
    /** The realm's name; the socket's is empty. */
    readonly name: string;
    readonly connected: boolean;

    /** Send a string as it is, anything else as JSON. */
    send(message: unknown): this;

    /**
     * Send an event. A function as the last argument is called with the server's
     * acknowledgement, or never, if the connection is lost before that comes.
     *
     * @throws TypeError if the name is reserved, empty or longer than a line.
     */
    emit<Event extends Exclude<keyof Told & string, ReservedEvent>>(
      event: Event,
      ...args: Told[Event] extends (...args: infer Args) => void ? Args : never
    ): this;

    /** Leave, or hang up. What still waits to be sent is dropped. */
    disconnect(): this;
  }

  /**
   * A part of the connection with events of its own; a namespace, on the server.
   * What is sent before the server has let us in waits for that.
   */
  interface Realm<Heard extends object = EventMap, Told extends object = EventMap>
    extends Channel<RealmEvents, Heard, Told> {}

  /**
   * The connection to a server.
   *
   * @typeParam Heard what the server emits: an interface of functions.
   * @typeParam Told what is emitted to the server; for an acknowledgement, with a
   *   function as the last parameter.
   */
  class Socket<Heard extends object = EventMap, Told extends object = EventMap> {
    /** @param host the server's name or address. Default: the page's. */
    constructor(host?: string | null, options?: SocketOptions);

    /** The options as they hold, with the defaults filled in. */
    readonly options: Readonly<Required<Omit<SocketOptions, "port">>> & {
      readonly host: string;
      readonly port?: number | string;
    };
    /** Whether a transport is being tried just now. */
    readonly connecting: boolean;
    /** The name of the transport in use. */
    readonly transport: TransportName | null;
    /** The name that the server has given to this connection. */
    readonly sessionId: string | null;

    /** Connect now; nothing to do if it is connected, or about to be. */
    connect(): this;

    /**
     * Join the realm of that name, and join it again after each reconnection until
     * it is left. Each name gives one and the same object.
     *
     * @param auth goes to the server with each joining.
     * @throws TypeError if the name is empty or longer than a line.
     */
    realm<RealmHeard extends object = EventMap, RealmTold extends object = EventMap>(
      name: string,
      auth?: unknown,
    ): Realm<RealmHeard, RealmTold>;
  }

  interface Socket<Heard extends object = EventMap, Told extends object = EventMap>
    extends Channel<SocketEvents, Heard, Told> {}

  /** One connection, as its transport sees it. */
  interface Link {
    readonly name: TransportName;
    /** Null until the server has given one. */
    readonly sessionId: string | null;
    readonly alive: boolean;
    readonly credentials: "include" | "same-origin";
    /** The transport's URL with these parts behind it; null is an empty part. */
    url(...parts: (string | number | null)[]): string;
    /** Frames have come in, in whatever pieces. */
    received(text: string): void;
    /** The connection has ended; `detail` says what went wrong, if something did. */
    lost(reason: DisconnectReason, detail?: string): void;
  }

  interface Transport {
    /** Connect. */
    open(): void;
    /**
     * Write these frames, in their order.
     *
     * @param leaving the page is about to go: now or never.
     */
    send(frames: readonly string[], leaving: boolean): void;
    /** Let go; what was sent before may still go out. */
    close(): void;
    /** Give back the frames that the server has certainly not taken, nor ever will. */
    untaken?(): string[];
  }

  interface TransportClass {
    new (link: Link): Transport;
    /** Whether this environment has what it takes. */
    usable(): boolean;
  }

  /** All transports, by their names. A further one is one more entry. */
  const transports: { [name: string]: TransportClass };

  /** The numbered slots whose `_` the scripts of JSONP answers call. */
  const JSONP: { _(frames: string): void }[];

  interface Message {
    /** Empty: the socket itself. */
    realm?: string;
    /** The acknowledgement that is asked for, or given. */
    id?: string;
    /** Left out: a plain message. Empty: an acknowledgement. */
    event?: string;
    /** The message, or the list of arguments. */
    body: unknown;
  }

  /** The protocol's framing, for tests and tools. */
  namespace protocol {
    type FrameType = "0" | "1" | "2" | "3";

    class Decoder {
      /** Take one more piece, and yield every frame that is now complete. */
      add(text: string): Generator<[type: FrameType, data: string], void>;
    }

    function encodeFrame(type: FrameType, data: string): string;
    function readMessage(data: string): Message & { realm: string };
    function writeMessage(message: Message): string;
  }
}
