/** What the clients of 0.7 and 0.8 expect of Node, and Node has no more. */
"use strict";

const crypto = require("node:crypto");
const { EventEmitter } = require("node:events");
const http = require("node:http");

// Until Node 6.
process.EventEmitter ??= EventEmitter;

// Until Node 9: requests to one host, whose outcomes it emits itself.
http.createClient ??= (port, host) => {
  const client = new EventEmitter();
  client.request = (path, headers) => {
    const request = http.request({ host, port, path, headers });
    for (const name of ["upgrade", "error"]) {
      request.on(name, (...args) => client.emit(name, ...args));
    }
    return request;
  };
  client.end = () => {};
  return client;
};

// Until Node 6: a string is hashed as the bytes that its characters are.
const { createHash } = crypto;
crypto.createHash = (...args) => {
  const hash = createHash(...args);
  const update = hash.update.bind(hash);
  hash.update = (data, encoding = "latin1") => update(data, encoding);
  return hash;
};
