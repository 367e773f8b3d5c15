import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { Program, freePort } from "./programs.mjs";

const EXAMPLES = new URL("../../../examples/deployment/", import.meta.url);
const NGINX = process.env.NGINX ?? "/usr/sbin/nginx";
const HAPROXY = process.env.HAPROXY ?? "/usr/sbin/haproxy";
const OPENSSL = process.env.OPENSSL ?? "openssl";

const SERVER = "127.0.0.1:8080";

const folders = [];

/**
 * The proxies of examples/deployment/. For each, `make` makes the program that
 * stands before a port of a server's.
 */
export const PROXIES = [
  { name: "nginx", make: nginx },
  { name: "haproxy", make: haproxy },
];

/** What a proxy listens to: like a server, but for the proxy that stands before it. */
class Door {
  constructor(secure, port, programs) {
    Object.assign(this, { secure, port, programs, host: "127.0.0.1" });
  }

  get origin() {
    return `${this.secure ? "https" : "http"}://${this.host}:${this.port}`;
  }

  /**
   * The same door, as somebody finds it who comes from another address.
   *
   * @param {string} address one of this machine's.
   * @param {(door: Door) => Promise<void>} use
   */
  async from(address, use) {
    const relay = net.createServer((near) => {
      const far = net.connect({ host: this.host, port: this.port, localAddress: address });
      near.pipe(far).pipe(near);
      for (const [one, other] of [[near, far], [far, near]]) {
        one.on("error", () => other.destroy()).on("close", () => other.destroy());
      }
    });
    await new Promise((resolve) => relay.listen(0, this.host, resolve));
    try {
      await use(new Door(this.secure, relay.address().port, this.programs));
    } finally {
      relay.close();
    }
  }
}

/**
 * Let a proxy stand before a server.
 *
 * @param {object} proxy one of the above.
 * @param {object} server one of ours.
 */
export async function standBefore({ make }, server) {
  const [plain, secure] = [await freePort(), await freePort()];
  const program = await make(server.port, plain, secure);
  await program.start();
  const programs = [program, server];
  return {
    server,
    plain: new Door(false, plain, programs),
    secure: new Door(true, secure, programs),
    stop: () => Promise.all(programs.map((each) => each.stop())),
  };
}

/** Remove what the proxies have left on the disk. */
export async function removeFolders() {
  const remove = (folder) => rm(folder, { recursive: true, force: true });
  await Promise.all(folders.map(remove));
}

async function nginx(server, plain, secure) {
  const folder = await newFolder();
  const pem = await certificate(folder);
  await writeExample("nginx.conf", path.join(folder, "socketio.conf"), {
    "listen 80;": `listen ${plain};`,
    "listen 443 ": `listen ${secure} `,
    "/etc/ssl/certs/chat.example.org.pem": pem,
    "/etc/ssl/private/chat.example.org.pem": pem,
    [SERVER]: `127.0.0.1:${server}`,
    // The matrix has clients of 0.6 beside it, at /socket.io-0.6/.
    "location /socket.io/ {": "location /socket.io {",
  });
  const main = path.join(folder, "nginx.conf");
  await writeFile(main, mainOfNginx(folder));
  return new Program("nginx", [NGINX, "-p", folder, "-c", main], {
    ready: /start worker process \d/,
    stop: "SIGQUIT",
    // It would leave its workers behind on the other.
    kill: "SIGTERM",
  });
}

/** What surrounds the example in Debian's nginx.conf, as far as it matters. */
function mainOfNginx(folder) {
  const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"];
  return `
    daemon off;
    worker_processes 2;
    ${process.getuid() === 0 ? "user root;" : ""}
    pid ${folder}/nginx.pid;
    error_log stderr notice;
    events { worker_connections 768; }
    http {
      ${temporary.map((name) => `${name}_temp_path ${folder}/${name};`).join(" ")}
      access_log stderr;
      gzip on;
      gzip_types *;
      include ${folder}/socketio.conf;
    }
  `;
}

async function haproxy(server, plain, secure) {
  const folder = await newFolder();
  const main = path.join(folder, "haproxy.cfg");
  await writeExample("haproxy.cfg", main, {
    "bind :80\n": `bind :${plain}\n`,
    "bind :443 ": `bind :${secure} `,
    "/etc/ssl/private/chat.example.org.pem": await certificate(folder),
    [SERVER]: `127.0.0.1:${server}`,
  });
  return new Program("haproxy", [HAPROXY, "-W", "-db", "-f", main], {
    ready: /Loading success/,
    stop: "SIGUSR1",
    kill: "SIGTERM",
  });
}

async function newFolder() {
  const folder = await mkdtemp(path.join(os.tmpdir(), "txsocketio-"));
  folders.push(folder);
  return folder;
}

/** Copy an example with its ports and paths changed, all of which must be in it. */
async function writeExample(name, target, changes) {
  let text = await readFile(new URL(name, EXAMPLES), "utf8");
  for (const [given, ours] of Object.entries(changes)) {
    assert.ok(text.includes(given), `${name} has no ${given}`);
    text = text.replaceAll(given, ours);
  }
  await writeFile(target, text);
}

/** A key and a certificate for it, in one file. */
async function certificate(folder) {
  const pem = path.join(folder, "certificate.pem");
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  const subject = ["-subj", "/CN=localhost", "-days", "2"];
  await promisify(execFile)(OPENSSL, [
    ...["req", "-x509", ...key, ...subject],
    ...["-keyout", pem, "-out", `${pem}.public`],
  ]);
  await writeFile(pem, await readFile(`${pem}.public`), { flag: "a" });
  return pem;
}
