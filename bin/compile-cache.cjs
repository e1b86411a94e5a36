/**
 * Has Node keep what it makes of our files (`module.enableCompileCache`, nodejs.org, "Module compile cache"): it takes
 * more than half of the processor time of a start away, and starts happen beside traffic: workers, upgrades, a main
 * after a crash. What is kept is run, so it lies where nobody but us can write. Without such a place there is none.
 */
"use strict";
const { lstatSync, mkdirSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { isAbsolute, join } = require("node:path");

const OTHERS_CAN_WRITE = 0o022;

/** systemd's folder for it, else the user's (XDG Base Directory Specification). */
function findFolder(environment) {
  const [ofService] = (environment.CACHE_DIRECTORY || "").split(":");
  if (ofService) return ofService;
  const ofUser = environment.XDG_CACHE_HOME || (environment.HOME && join(environment.HOME, ".cache"));
  return ofUser && isAbsolute(ofUser) ? join(ofUser, "kakehi") : undefined;
}

/** True once it is there, and ours alone. */
function isOurs(folder) {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === process.geteuid() && (stats.mode & OTHERS_CAN_WRITE) === 0;
  } catch {
    return false;
  }
}

/** Who has set `NODE_COMPILE_CACHE` has chosen. Processes that we start, and what we become, use the same. */
function keepCompiled() {
  if (process.env.NODE_COMPILE_CACHE !== undefined) return;
  const folder = findFolder(process.env);
  if (folder === undefined || !isOurs(folder)) return;
  enableCompileCache(folder);
  process.env.NODE_COMPILE_CACHE = folder;
}

keepCompiled();
