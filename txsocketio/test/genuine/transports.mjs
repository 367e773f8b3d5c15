import { within } from "./deadline.mjs";

const LONGEST_PAUSE = 60_000;

/**
 * Every transport that a browser of today can do, with
 *
 * - `pulse(page)`, called before a session begins: it resolves when the page,
 *   idle, has outlived the longest interval of the server's;
 * - `refusal`, what a page of a foreign origin shows when it is turned away;
 *   there is none where the client does not even try.
 */
export const TRANSPORTS = [
  { name: "websocket", pulse: heartbeats, refusal: /Unexpected response code: 403/ },
  { name: "server-events", pulse: answeredHeartbeats, refusal: /blocked by CORS policy/ },
  { name: "xhr-multipart", pulse: answeredHeartbeats, refusal: /blocked by CORS policy/ },
  { name: "htmlfile", pulse: answeredHeartbeats },
  { name: "xhr-polling", pulse: emptyPoll, refusal: /blocked by CORS policy/ },
  {
    name: "jsonp-polling",
    pulse: emptyPoll,
    refusal: /Cross domain security restrictions not met/,
  },
];

export const NAMES = TRANSPORTS.map(({ name }) => name);

/** Those that can reach another origin than the page's. */
export const ACROSS = TRANSPORTS.filter(({ refusal }) => refusal);

/** Two heartbeats went, and the answer to the second. */
async function heartbeats(page) {
  const socket = await page.waitForEvent("websocket", { timeout: LONGEST_PAUSE });
  const second = ({ payload }) => payload === "2:1:2,";
  await socket.waitForEvent("framereceived", { predicate: second, timeout: LONGEST_PAUSE });
  await socket.waitForEvent("framesent", { predicate: second, timeout: LONGEST_PAUSE });
}

/** The client answered two heartbeats, and the server took the answer to the second. */
async function answeredHeartbeats(page) {
  const isSecond = (request) => request.postData() === `data=${encodeURIComponent("2:1:2,")}`;
  await page.waitForResponse((response) => isSecond(response.request()) && response.ok(), {
    timeout: LONGEST_PAUSE,
  });
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
