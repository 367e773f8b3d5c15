// Every test of this folder in one process, so that one browser serves them all.
import "./transports.test.mjs";
import "./streams.test.mjs";
import "./choice.test.mjs";
import "./origins.test.mjs";
import "./pairs.test.mjs";
import "./generations.test.mjs";
import "./restart.test.mjs";
import "./specification.test.mjs";
import "./client06.test.mjs";
import "./demo.test.mjs";
import "./proxies.test.mjs";
