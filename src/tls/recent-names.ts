/**
 * Host names that clients asked for lately, found by their bytes: a text that is made anew costs microseconds
 * until maps know it, and most clients ask for a few names.
 */
import { equalsText } from "../base/bytes.ts";

/** A power of two. */
const PLACES = 256;

export class RecentNames {
  readonly #names: (string | undefined)[] = Array.from({ length: PLACES }, () => undefined);

  /** The name with exactly these bytes, if it was kept and no other was put in its place. */
  find(bytes: Uint8Array, start: number, end: number): string | undefined {
    const name = this.#names[placeOf(bytes, start, end)];
    return name !== undefined && equalsText(bytes, start, end, name) ? name : undefined;
  }

  /** Keeps `name`, the text of `bytes[start..end)`. */
  keep(bytes: Uint8Array, start: number, end: number, name: string): void {
    this.#names[placeOf(bytes, start, end)] = name;
  }
}

/** FNV-1a. Whoever makes names fall together loses nothing but the time that was saved. */
function placeOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c_9dc5;
  for (let at = start; at < end; at++) hash = Math.imul(hash ^ bytes[at]!, 0x0100_0193);
  return (hash ^ (hash >>> 16)) & (PLACES - 1);
}
