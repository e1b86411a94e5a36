/**
 * The revision that the engine decides by, as the field line of responses at listeners with
 * `revision_header`. Made when it is first wanted after a change; who does not want it pays a look.
 */
import { bytesOf } from "../base/bytes.ts";
import type { ListenerRuntime } from "./runtime/listener.ts";

/** As responses have it, lower case or not. */
const REVISION_FIELD = "X-Kakehi-Revision";

export const NO_LINES: Uint8Array = new Uint8Array(0);

export class RevisionLine {
  #revision = 0;
  #line: Uint8Array | undefined;

  /** The configuration is at this revision now. */
  reach(revision: number): void {
    this.#revision = revision;
    this.#line = undefined;
  }

  /** Empty where the listener does not tell it. */
  for(listener: ListenerRuntime): Uint8Array {
    if (!listener.tellsRevision) return NO_LINES;
    this.#line ??= bytesOf(`${REVISION_FIELD}: ${this.#revision}\r\n`);
    return this.#line;
  }
}
