/**
 * Loads the program: the sources of a checkout, or the compiled files of the published package (Node strips no types
 * below node_modules). Only read by a Node that is new enough.
 */
"use strict";
require("./compile-cache.cjs");
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

// Main of another version starts this one for a worker: see `main/workers/worker-process.ts`.
// The same for what main itself is to become: see `main/upgrade/rehearsal.ts`.
const entries = { "worker-process": "worker/entry", "rehearse-main": "main/rehearse-entry" };
const entry = entries[process.argv[2]] ?? "cli/entry";
const source = join(__dirname, "..", "src", `${entry}.ts`);
const compiled = join(__dirname, "..", "dist", `${entry}.js`);
import(pathToFileURL(existsSync(source) ? source : compiled).href);
