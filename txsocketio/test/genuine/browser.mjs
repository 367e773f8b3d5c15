import { after } from "node:test";

import { browser, closeBrowser } from "./chromium.mjs";

export { browser };

after(closeBrowser);
