/*
 * The chat's page: what it shows, and what it and the server say to each other
 * (the server's side of it is txsocketio/demo/__init__.py).
 *
 * Whatever people write gets onto the page as text, never as HTML.
 */
(function () {
  "use strict";

  // Milliseconds, but for the last two.
  const PULSE = 1000;
  const WINDOW = 60 * 1000;
  const TOGETHER = 3 * 60 * 1000;
  const MAX_MESSAGES = 300;
  const MARGIN = 60;

  const $ = (id) => document.getElementById(id);

  /** An element of that class, with text and elements in it. */
  function make(tag, className, ...content) {
    const element = document.createElement(tag);
    element.className = className;
    element.append(...content);
    return element;
  }

  const colourOf = (transport) =>
    Object.hasOwn(io.transports, transport) ? `--${transport}` : "--other-transport";

  function avatar(name) {
    const [initial = "?"] = name;
    const element = make("span", "avatar", initial);
    const sum = [...name].reduce((sum, letter) => (sum * 31 + letter.codePointAt(0)) % 9973, 7);
    // The golden angle keeps the hues of similar names apart.
    element.style.setProperty("--hue", (sum * 137.508) % 360);
    element.ariaHidden = "true";
    return element;
  }

  function badge(transport) {
    const element = make("span", "badge", transport);
    element.style.setProperty("--colour", `var(${colourOf(transport)})`);
    return element;
  }

  // --------------------------------------------------------------- Messages

  const messages = {
    list: $("messages"),
    isAtEnd: true,
    seen: new Set(),
    unsent: [],
    latest: null,

    /** Something that has happened. */
    note(text) {
      this.latest = null;
      this.add(make("li", "note", text));
    },

    /** Something that somebody has said; once, however often we are told. */
    said({ id, name, text, time }) {
      const key = `${time} ${id} ${text}`;
      if (this.seen.has(key)) return;
      this.seen.add(key);
      const isAgain =
        this.latest !== null && this.latest.id === id && time - this.latest.time < TOGETHER;
      this.latest = { id, time };
      this.add(this.bubble(name, text, new Date(time), me.ids.has(id), isAgain));
    },

    /** Something that we have said to nobody yet. */
    pending(text) {
      this.unsent.push(text);
      this.latest = null;
      const bubble = this.bubble("", text, new Date(), true, false);
      bubble.classList.add("pending");
      this.add(bubble);
    },

    /** The server has it all now, and lets everybody know. */
    settle() {
      this.unsent = [];
      for (const bubble of this.list.querySelectorAll(".pending")) bubble.remove();
    },

    bubble(name, text, date, isOwn, isAgain) {
      const item = make("li", "said");
      item.classList.toggle("own", isOwn);
      item.classList.toggle("again", isAgain);
      if (!isAgain) {
        const time = make("time", "", date.toLocaleTimeString([], { timeStyle: "short" }));
        time.dateTime = date.toISOString();
        if (isOwn) item.append(make("span", "byline", time));
        else item.append(avatar(name), make("span", "byline", make("b", "", name), " ", time));
      }
      item.append(make("span", "text", text));
      return item;
    },

    add(item) {
      this.list.append(item);
      while (this.list.childElementCount > MAX_MESSAGES) this.list.firstElementChild.remove();
      this.isAtEnd ||= item.classList.contains("own");
      this.stay();
    },

    /** Remember whether somebody has scrolled up to read. */
    scrolled() {
      const { scrollHeight, scrollTop, clientHeight } = this.list;
      this.isAtEnd = scrollHeight - scrollTop - clientHeight < 80;
    },

    stay() {
      if (this.isAtEnd) this.list.scrollTop = this.list.scrollHeight;
    },
  };

  // ------------------------------------------------------------ Who is here

  let present = [];

  function showPeople(people, count) {
    present = [people, count];
    $("count").textContent = count;
    $("people").replaceChildren(...people.map(showPerson));
    if (count > people.length) {
      $("people").append(make("li", "more", `and ${count - people.length} more`));
    }
  }

  function showPerson({ id, name, transport }) {
    const who = make("span", "who", make("span", "", name));
    if (me.ids.has(id)) who.append(make("small", "", "(you)"));
    return make("li", "", avatar(name), who, badge(transport));
  }

  // ------------------------------------------------------------------ State

  const state = {
    until: 0,

    show(name, text, delay = 0) {
      $("state").dataset.state = name;
      $("state").querySelector("[role=status]").textContent = text;
      $("switch").querySelector("span").textContent = name === "offline" ? "Connect" : "Disconnect";
      this.until = performance.now() + delay;
      this.countDown();
    },

    countDown() {
      const seconds = Math.ceil((this.until - performance.now()) / 1000);
      $("countdown").textContent = seconds > 0 ? `in ${seconds} s` : "";
    },
  };

  // ------------------------------------------------------------ Round trips

  const plot = {
    canvas: $("plot"),
    samples: [],

    add(duration) {
      this.samples.push({ at: performance.now(), duration, transport: socket.transport });
      $("latest").textContent = inMilliseconds(duration);
      this.update();
    },

    update() {
      const now = performance.now();
      this.samples = this.samples.filter(({ at }) => now - at < WINDOW + 2 * PULSE);
      const own = this.samples.filter(({ transport }) => transport === socket.transport);
      const sorted = own.map(({ duration }) => duration).sort((a, b) => a - b);
      $("median").textContent = inMilliseconds(sorted[sorted.length >> 1]);
      $("slowest").textContent = inMilliseconds(sorted.at(-1));
      this.draw(now);
    },

    draw(now) {
      const { canvas } = this;
      const ratio = window.devicePixelRatio;
      const [width, height] = [canvas.clientWidth, canvas.clientHeight];
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
      const pen = canvas.getContext("2d");
      pen.scale(ratio, ratio);
      const style = getComputedStyle(document.documentElement);
      const colour = (name) => style.getPropertyValue(name).trim();
      const levels = powers(Math.max(...this.samples.map(({ duration }) => duration)));
      const bottom = height - 10;
      const unit = (bottom - 12) / (levels.length - 1);
      const x = (at) => width - 12 - ((now - at) / WINDOW) * (width - 12 - MARGIN);
      const y = (duration) => bottom - unit * Math.max(0, Math.log10(duration));
      drawGrid(pen, levels, width, y, colour("--edge"), colour("--faint"));
      pen.beginPath();
      pen.rect(MARGIN, 0, width, height);
      pen.clip();
      for (const part of connected(this.samples)) {
        const points = part.map(({ at, duration }) => [x(at), y(duration)]);
        drawPart(pen, points, bottom, colour(colourOf(part[0].transport)));
      }
    },
  };

  const inMilliseconds = (duration) =>
    duration === undefined ? "\u2013" : `${duration.toFixed(duration < 10 ? 1 : 0)} ms`;

  /** 1, 10, 100, and further to the first that is not less than this. */
  function powers(largest) {
    const levels = [1, 10, 100];
    while (levels.at(-1) < largest) levels.push(levels.at(-1) * 10);
    return levels;
  }

  /** The samples in parts: one transport, and no gap in between. */
  function connected(samples) {
    const parts = [];
    let last;
    for (const sample of samples) {
      const goesOn =
        last && sample.transport === last.transport && sample.at - last.at < 5 * PULSE;
      if (goesOn) parts.at(-1).push(sample);
      else parts.push([sample]);
      last = sample;
    }
    return parts;
  }

  function drawGrid(pen, levels, width, y, edge, faint) {
    pen.font = "11px system-ui, sans-serif";
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const level of levels) {
      pen.fillStyle = edge;
      pen.fillRect(MARGIN, Math.round(y(level)), width, 1);
      pen.fillStyle = faint;
      pen.fillText(`${level} ms`, MARGIN - 7, y(level));
    }
  }

  function drawPart(pen, points, bottom, colour) {
    const line = new Path2D();
    for (const [x, y] of points) line.lineTo(x, y);
    const [[firstX], [lastX, lastY]] = [points[0], points.at(-1)];
    const area = new Path2D(line);
    area.lineTo(lastX, bottom);
    area.lineTo(firstX, bottom);
    const shade = pen.createLinearGradient(0, 0, 0, bottom);
    shade.addColorStop(0, `${colour}66`);
    shade.addColorStop(1, `${colour}0a`);
    pen.fillStyle = shade;
    pen.fill(area);
    pen.strokeStyle = colour;
    pen.lineWidth = 1.75;
    pen.lineJoin = "round";
    pen.stroke(line);
    pen.fillStyle = colour;
    pen.beginPath();
    pen.arc(lastX, lastY, 3, 0, 2 * Math.PI);
    pen.fill();
  }

  // ------------------------------------------------------------- Connection

  const me = { name: sessionStorage.getItem("name") || "", ids: new Set(), isIn: false };

  let socket;
  let isMeasuring;

  /** Connect over this transport alone, or over the best that works. */
  function open(transport) {
    const options = transport ? { transports: [transport] } : {};
    socket = new io.Socket(null, options);
    socket.on("connecting", (name) => state.show("connecting", `connecting over ${name}`));
    socket.on("connect", () => state.show("connected", `connected over ${socket.transport}`));
    socket.on("reconnecting", (delay) => state.show("reconnecting", "reconnecting", delay));
    socket.on("disconnect", lose);
    socket.on("people", showPeople);
    socket.on("said", (said) => messages.said(said));
    socket.on("came", ({ name, transport }) => tell(`${name} came in over ${transport}`));
    socket.on("left", (name) => tell(`${name} left`));
    socket.on("renamed", (old, name) => tell(`${old} is now ${name}`));
    enter();
  }

  /** Who has not come in yet is told by `welcome` what there is to know. */
  function tell(text) {
    if (me.isIn) messages.note(text);
  }

  /** What goes out first when the connection stands, whatever is said until then. */
  function enter() {
    me.isIn = isMeasuring = false;
    socket.emit("join", me.name, welcome);
    for (const text of messages.unsent) socket.emit("say", text);
  }

  function welcome({ id, name, history }) {
    me.ids.add(id);
    showPeople(...present);
    called(name);
    messages.settle();
    for (const said of history) messages.said(said);
    messages.note(`You are here as ${name}, over ${socket.transport}`);
    me.isIn = true;
    measure();
  }

  function lose(reason) {
    showPeople([], 0);
    if (reason !== "io client disconnect") enter();
  }

  function close() {
    socket.disconnect();
    enter();
    state.show("offline", "offline");
  }

  function called(name) {
    me.name = $("name").value = name;
    sessionStorage.setItem("name", name);
  }

  /** One round trip: the server acknowledges with what it is told. */
  function measure() {
    if (!me.isIn || isMeasuring) return;
    isMeasuring = true;
    socket.emit("echo", performance.now(), (begin) => {
      isMeasuring = false;
      plot.add(performance.now() - begin);
    });
  }

  // ------------------------------------------------------------------- Page

  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("text").value.trim();
    $("text").value = "";
    if (text === "") return;
    if (!me.isIn) messages.pending(text);
    socket.emit("say", text);
  });

  $("text").addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    $("composer").requestSubmit();
  });

  $("name").addEventListener("change", () => {
    me.name = $("name").value.trim();
    if (me.isIn) socket.emit("rename", me.name, called);
  });

  $("switch").addEventListener("click", () => {
    if ($("state").dataset.state === "offline") socket.connect();
    else close();
  });

  $("transport").addEventListener("change", () => {
    const transport = $("transport").value;
    history.replaceState(null, "", transport ? `?transport=${transport}` : location.pathname);
    socket.off();
    close();
    open(transport);
  });

  $("messages").addEventListener("scroll", () => messages.scrolled());
  new ResizeObserver(() => messages.stay()).observe($("messages"));

  const narrow = matchMedia("(max-width: 800px)");
  const arrange = () => {
    for (const card of document.querySelectorAll("details")) card.open = !narrow.matches;
  };
  narrow.addEventListener("change", arrange);
  arrange();

  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plot.update());
  new ResizeObserver(() => plot.update()).observe($("plot"));

  for (const [name, transport] of Object.entries(io.transports)) {
    if (transport.usable()) $("transport").add(new Option(`${name} only`, name));
  }
  $("transport").value = new URLSearchParams(location.search).get("transport") || "";
  open($("transport").value);

  setInterval(() => {
    state.countDown();
    measure();
    plot.update();
  }, PULSE);
})();
