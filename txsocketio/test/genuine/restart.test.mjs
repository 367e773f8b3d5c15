import assert from "node:assert/strict";
import { after, before, describe } from "node:test";

import { comeBack } from "./restart.mjs";
import { scenario } from "./scenario.mjs";
import { serveTests } from "./server.mjs";
import { NAMES } from "./transports.mjs";

const SOON = { reconnectionDelay: 50 };

let server;

describe("a connection is lost", () => {
  before(async () => (server = await serveTests()));
  after(() => server.stop());

  describe("when the server restarts", () => comeBack(() => server));

  describe("when it has not taken a POST", { concurrency: 4 }, () => {
    for (const name of NAMES.filter((each) => each !== "websocket")) {
      for (const status of [404, 503]) resent(name, status);
      notResent(name);
    }
    answeredOnce("xhr-polling");
  });
});

/** Nothing is lost, out of order, or there twice. */
function resent(name, status) {
  scenario(`over ${name}, it goes out again after a ${status}`, async (stage) => {
    const visitor = await stage.guest(server, name, SOON);
    const realm = `${name} ${status}`;
    await visitor.asks("open", realm);
    await visitor.attends(realm, "connect", "message");
    await visitor.hears(`${realm}/connect`);
    await failNextPost(visitor.page, status);
    await visitor.does((realm) => {
      for (const each of ["1", "2", "3"]) socket.send(each).realm(realm).send(each);
    }, realm);
    await visitor.hears("reconnect");
    await visitor.sends("4");
    await visitor.inRealm(realm, "send", "4");
    assert.deepEqual(await visitor.reads(4), ["1", "2", "3", "4"]);
    assert.deepEqual(await visitor.hears(`${realm}/message`, 4), [["1"], ["2"], ["3"], ["4"]]);
    assert.deepEqual(await visitor.asks("received"), [["1", "2", "3", "4"]]);
  });
}

/** What may have arrived is not sent twice. */
function notResent(name) {
  scenario(`over ${name}, it may have done so where the answer is lost`, async (stage) => {
    const visitor = await stage.guest(server, name, SOON);
    await failNextPost(visitor.page, 502);
    await visitor.sends("1", "2");
    await visitor.hears("reconnect");
    assert.deepEqual(await visitor.asks("received"), [["2"]]);
  });
}

/** What the server asked is not answered over a connection that was not asked. */
function answeredOnce(name) {
  scenario(`over ${name}, an acknowledgement does not go out again`, async (stage) => {
    const visitor = await stage.guest(server, name, SOON);
    const posts = [];
    visitor.page.on("request", (request) => posts.push(request.postData() ?? ""));
    await visitor.does(() => {
      socket.on("question", (question, answer) => answer("answered"));
    });
    await failNextPost(visitor.page, 404, /answered/);
    await visitor.tells("ask", "?");
    await visitor.hears("reconnect");
    await visitor.sends("later");
    await visitor.reads(1);
    assert.equal(posts.filter((data) => data.includes("answered")).length, 1);
  });
}

/** Have the page's next POST with this in it answered so, and not arrive. */
async function failNextPost(page, status, pattern = /data=/) {
  let failed = false;
  await page.route("**/socket.io/**", (route) => {
    if (failed || !pattern.test(route.request().postData())) return route.fallback();
    failed = true;
    return route.fulfill({ status });
  });
}
