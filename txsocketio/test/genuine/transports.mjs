import { within } from "./deadline.mjs";

const LONGEST_PAUSE = 60_000;

/**
 * Every transport there is, with
 *
 * - `pulse(page)`, called before a session begins: it resolves when the page,
 *   idle, has outlived the longest interval of the server's;
 * - `refusal`, what a page of a foreign origin shows when it is turned away.
 */
export const TRANSPORTS = [
  { name: "websocket", pulse: heartbeats, refusal: /Unexpected response code: 403/ },
  { name: "xhr-polling", pulse: emptyPoll, refusal: /blocked by CORS policy/ },
  {
    name: "jsonp-polling",
    pulse: emptyPoll,
    refusal: /Cross domain security restrictions not met/,
  },
];

export const NAMES = TRANSPORTS.map(({ name }) => name);

/** Two heartbeats went, and the answer to the second. */
async function heartbeats(page) {
  const socket = await page.waitForEvent("websocket", { timeout: LONGEST_PAUSE });
  const second = ({ payload }) => payload === "2:1:2,";
  await socket.waitForEvent("framereceived", { predicate: second, timeout: LONGEST_PAUSE });
  await socket.waitForEvent("framesent", { predicate: second, timeout: LONGEST_PAUSE });
}

/** A poll was held for as long as one may be, and answered empty. */
async function emptyPoll(page) {
  const isPoll = (request) => request.method() === "GET" && /-polling\/[^/]/.test(request.url());
  const isEmpty = async (response) => /^$|\(""\)$/.test(await within("a body", response.text()));
  await page.waitForResponse(
    async (response) => isPoll(response.request()) && (await isEmpty(response)),
    { timeout: LONGEST_PAUSE },
  );
}
