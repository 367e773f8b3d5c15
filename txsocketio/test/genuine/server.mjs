import { after } from "node:test";

import { endPrograms } from "./programs.mjs";

export * from "./programs.mjs";

after(endPrograms);
