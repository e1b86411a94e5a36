/**
 * Loads the program: the sources of a checkout, or the compiled files of the published package (Node strips no types
 * below node_modules). Only read by a Node that is new enough.
 */
"use strict";
const { existsSync } = require("node:fs");
const { join } = require("node:path");
const { pathToFileURL } = require("node:url");

const source = join(__dirname, "..", "src", "cli", "entry.ts");
const compiled = join(__dirname, "..", "dist", "cli", "entry.js");
import(pathToFileURL(existsSync(source) ? source : compiled).href);
