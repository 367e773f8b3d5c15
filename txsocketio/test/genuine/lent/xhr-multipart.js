// What Firefox up to 21 lent to xhr-multipart: a request with `multipart` set is done
// once for each part of its answer.
if (window === window.top) {
  Object.defineProperty(XMLHttpRequest.prototype, "multipart", {
    set() {
      for (const [name, value] of Object.entries(manners(this))) {
        Object.defineProperty(this, name, { value, writable: true });
      }
    },
  });

  function manners(request) {
    const stop = new AbortController();
    let address;
    return {
      readyState: 0,
      responseText: "",
      onreadystatechange: null,
      open: (method, url) => (address = url),
      abort: () => stop.abort(),
      send: () => read(request, address, stop.signal),
    };
  }

  async function read(request, address, signal) {
    try {
      for await (const part of parts(address, signal)) done(request, part);
    } catch {
      if (!signal.aborted) done(request, "");
    }
  }

  function done(request, text) {
    Object.assign(request, { readyState: 4, responseText: text });
    request.onreadystatechange();
  }

  async function* parts(address, signal) {
    const answer = await fetch(address, { signal });
    const [, boundary] = /boundary="(.*)"/.exec(answer.headers.get("Content-Type"));
    let waiting = "";
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      const whole = (waiting + piece).split(`--${boundary}\n`);
      waiting = whole.pop();
      for (const part of whole.filter(Boolean)) yield part.slice(part.indexOf("\n\n") + 2, -1);
    }
  }
}
