import { chromium } from "playwright-core";

const SWITCHES = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

let launched;

/** The one browser of all tests in this process. */
export function browser() {
  launched ??= chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: SWITCHES,
  });
  return launched;
}

/** Close it, where there is one. */
export async function closeBrowser() {
  if (launched) await (await launched).close();
}
