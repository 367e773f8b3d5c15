import { after, before, describe } from "node:test";

import { scenario } from "./scenario.mjs";
import { serveDemo } from "./server.mjs";
import { NAMES } from "./transports.mjs";

describe("the demo", () => {
  let server;
  before(async () => (server = await serveDemo()));
  after(() => server.stop());

  scenario("two people see each other, chat, and choose their transports", async (stage) => {
    stage.watches(server);
    const [first, second] = await Promise.all([
      arrives(stage, server, "first"),
      arrives(stage, server, "second"),
    ]);
    for (const page of [first, second]) {
      await page.locator("#people li").nth(1).waitFor();
      for (const each of [first, second]) await shows(page, "#people", await nameOn(each));
    }
    await says(first, "Hello");
    await shows(second, "#messages", "Hello");
    await says(second, "Hello yourself 😀");
    await shows(first, "#messages", "Hello yourself 😀");

    for (const name of NAMES) {
      await first.locator("#transport").selectOption(name);
      await shows(first, "#state", `connected over ${name}`);
      await second.locator("#people li", { hasText: await nameOn(first) }).getByText(name).waitFor();
      await says(first, `first over ${name}`);
      await shows(second, "#messages", `first over ${name}`);
      await says(second, `second to ${name}`);
      await shows(first, "#messages", `second to ${name}`);
    }
  });

  scenario("the page has loaded before it connects, by whatever transport", async (stage) => {
    stage.watches(server);
    const visit = async (name) => {
      const visitor = await stage.visitor(name);
      // This waits for the page to load, and would wait for a frame or script in it.
      await visitor.opens(`${server.origin}/?transport=${name}`);
      await shows(visitor.page, "#state", `connected over ${name}`);
      await visitor.page.waitForFunction(isColoured, name);
    };
    await Promise.all(NAMES.map(visit));
  });

  scenario("round trips are measured and drawn", async (stage) => {
    stage.watches(server);
    const page = await arrives(stage, server, "visitor");
    for (const figure of ["latest", "median", "slowest"]) {
      await page.locator(`#${figure}`, { hasText: /^\d+(\.\d)? ms$/ }).waitFor();
    }
    await page.waitForFunction(hasColours);
  });

  scenario("who leaves is gone for the others", async (stage) => {
    stage.watches(server);
    const [stays, leaves] = [await arrives(stage, server, "1"), await arrives(stage, server, "2")];
    const name = await nameOn(leaves);
    await shows(stays, "#people", name);
    await leaves.close();
    await shows(stays, "#messages", `${name} left`);
    await stays.locator("#people li", { hasText: name }).waitFor({ state: "detached" });
  });

  scenario("who stays is back when the server is, with what was said meanwhile", async (stage) => {
    stage.watches(server);
    const page = await arrives(stage, server, "visitor");
    await server.stop();
    await page.locator("#state", { hasText: "reconnecting" }).waitFor();
    await says(page, "Is anybody here?");
    await server.start();
    await shows(page, "#state", "connected over");
    const other = await arrives(stage, server, "other");
    await shows(other, "#messages", "Is anybody here?");
  });
});

async function arrives(stage, server, name) {
  const visitor = await stage.visitor(name);
  await visitor.opens(server.origin);
  await shows(visitor.page, "#messages", "You are here as");
  return visitor.page;
}

/** Runs in the page: the colour that its style sheet has for this badge. */
/** Whether somebody's badge shows this transport, in the colour that the page has for it. */
function isColoured(transport) {
  const badges = [...document.querySelectorAll("#people .badge")];
  const badge = badges.find(({ textContent }) => textContent.includes(transport));
  if (!badge) return false;
  const [, colour] = badge.style.getPropertyValue("--colour").match(/var\((.*)\)/);
  return getComputedStyle(badge).getPropertyValue(colour).startsWith("#");
}

const nameOn = (page) => page.locator("#name").inputValue();

const shows = (page, selector, text) =>
  page.locator(selector).getByText(text, { exact: false }).first().waitFor();

async function says(page, text) {
  await page.locator("#text").fill(text);
  await page.locator("#text").press("Enter");
}

/** Runs in the page: whether there is anything but grey on the plot. */
function hasColours() {
  const plot = document.getElementById("plot");
  const { data } = plot.getContext("2d").getImageData(0, 0, plot.width, plot.height);
  for (let at = 0; at < data.length; at += 4) {
    const colours = data.slice(at, at + 3);
    if (data[at + 3] > 0 && Math.max(...colours) - Math.min(...colours) > 60) return true;
  }
  return false;
}
