/**
 * Where the files lie that other processes of this program begin with: as source in a checkout, bundled where
 * it was built (`tools/build.ts`).
 *
 * Rules of this file:
 *  1. It stays two folders below the program's: what it is bundled into lies as deep, and finds its
 *     neighbours by the same way.
 */
import { fileURLToPath } from "node:url";

const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

/** The path of what such a process begins with. */
export function entryPath(entry: "worker/entry" | "main/demo-backends" | "main/read-file-entry"): string {
  return fileURLToPath(new URL(`../${entry}.${EXTENSION}`, import.meta.url));
}
