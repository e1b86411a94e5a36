/**
 * Loads the program: the sources of a checkout, or the compiled files of the published package (Node strips no types
 * below node_modules). Only read by a Node that is new enough.
 */
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

// Main of another version starts this one for a worker: see `main/workers/worker-process.ts`.
const room = process.argv[2] === "worker-process" ? "worker" : "cli";
const source = join(__dirname, "..", "src", room, "entry.ts");
const compiled = join(__dirname, "..", "dist", room, "entry.js");
import(pathToFileURL(existsSync(source) ? source : compiled).href);
