import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { eachTransport } from "./eachtransport.mjs";
import { turnedAway } from "./origins.mjs";
import { everyPair } from "./pairs.mjs";
import { PROXIES, serveBehind } from "./proxies.mjs";
import { comeBack } from "./restart.mjs";
import { scenario } from "./scenario.mjs";
import { NAMES } from "./transports.mjs";

// Neither the proxy's own nor that of the other pages.
const ELSEWHERE = "127.0.0.77";

const WAYS = ["plain", "secure"];

const ONE_BY_ONE = { concurrency: false };

// With what is in examples/deployment/.
for (const proxy of PROXIES) {
  describe(`through ${proxy.name}`, { concurrency: true }, () => {
    let site, other;
    before(async () => {
      const both = [serveBehind(proxy, "--trust-proxy"), serveBehind(proxy)];
      [site, other] = await Promise.all(both);
    });
    after(() => Promise.all([site, other].map((each) => each.stop())));

    describe("over each transport, with TLS", { concurrency: true }, () => {
      eachTransport(() => site.secure);
    });

    // With one of them in plain HTTP.
    describe("two pages chat", ONE_BY_ONE, () => everyPair(() => [other.plain, other.secure]));

    describe("a page of another origin", ONE_BY_ONE, () => {
      turnedAway(
        () => other.plain,
        () => site.plain,
      );
    });

    describe("where a client comes from", ONE_BY_ONE, () => {
      for (const way of WAYS) {
        for (const name of NAMES) {
          comesFrom(() => site[way], name, [ELSEWHERE, way === "secure"]);
        }
        comesFrom(() => other[way], "xhr-polling", ["127.0.0.1", false]);
      }
    });

    describe("when a server behind it restarts", ONE_BY_ONE, () => {
      let behind;
      before(async () => (behind = await serveBehind(proxy, "--trust-proxy")));
      after(() => behind.stop());

      comeBack(
        () => behind.server,
        () => behind.secure,
      );
    });

    describe("the bridge of Flash", ONE_BY_ONE, () => {
      for (const way of WAYS) flashSocket(() => site[way]);
    });
  });
}

/** What the application knows of a page that would have it know something else. */
function comesFrom(door, transport, expected) {
  scenario(`over ${transport}: ${expected}`, async (stage) => {
    await door().from(ELSEWHERE, async (relayed) => {
      const visitor = await stage.visitor(transport);
      await visitor.page.setExtraHTTPHeaders({
        "X-Forwarded-For": "192.0.2.1",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "example.org",
      });
      stage.watches(relayed);
      await visitor.opens(relayed.origin);
      await visitor.enters({ transports: [transport] });
      await visitor.hears("connect");
      assert.deepEqual(await visitor.asks("whence"), expected);
    });
  });
}

/** A page that does what the movie would do: the browser has none. */
function flashSocket(door) {
  scenario("flashsocket", async (stage) => {
    const visitor = await stage.visitor("flashsocket");
    stage.watches(door());
    await visitor.opens(door().origin);
    const heard = await visitor.does(
      () =>
        new Promise((resolve, reject) => {
          const address = new URL("/socket.io/flashsocket", location);
          const socket = new WebSocket(address.href.replace("http", "ws"));
          const messages = [];
          socket.onopen = () => socket.send("1:3::hi,");
          socket.onerror = () => reject(new Error("the connection failed"));
          socket.onmessage = ({ data }) => messages.push(data) === 2 && resolve(messages);
        }),
    );
    assert.match(heard[0], /^3:20:/);
    assert.equal(heard[1], "1:3::hi,");
  });
}
