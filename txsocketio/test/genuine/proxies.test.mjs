import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { eachTransport } from "./eachtransport.mjs";
import { turnedAway } from "./origins.mjs";
import { everyPair } from "./pairs.mjs";
import { PROXIES, serveBehind } from "./proxies.mjs";
import { scenario } from "./scenario.mjs";
import { NAMES } from "./transports.mjs";

// Neither the proxy's own nor that of the other pages.
const ELSEWHERE = "127.0.0.77";

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
      for (const way of ["plain", "secure"]) {
        for (const name of NAMES) {
          scenario(`${way}, ${name}: is known where the proxy is trusted`, async (stage) => {
            await site[way].from(ELSEWHERE, async (door) => {
              assert.deepEqual(await whence(stage, door, name), [ELSEWHERE, way === "secure"]);
            });
          });
        }

        scenario(`${way}: is the proxy where it is not`, async (stage) => {
          await other[way].from(ELSEWHERE, async (door) => {
            assert.deepEqual(await whence(stage, door, "xhr-polling"), ["127.0.0.1", false]);
          });
        });
      }
    });
  });
}

/** What the application knows of a page that would have it know something else. */
async function whence(stage, door, transport) {
  const visitor = await stage.visitor(transport);
  await visitor.page.setExtraHTTPHeaders({
    "X-Forwarded-For": "192.0.2.1",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "example.org",
  });
  stage.watches(door);
  await visitor.opens(door.origin);
  await visitor.enters({ transports: [transport] });
  await visitor.hears("connect");
  return visitor.asks("whence");
}
