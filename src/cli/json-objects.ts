/**
 * JSON objects one after another, however they are set apart: by zero bytes, lines, spaces or nothing. So
 * that frames, lines and the records of a state file can all be given to `kakehi order`.
 */

/** What was given is no row of JSON objects. */
export class NotAnObjectError extends Error {
  override readonly name: string = "NotAnObjectError";
}

/** The longest text that one object may have [16 Mi]: the proxy takes no larger frame. */
const OBJECT_CHARS_MAX = 16 * 1024 * 1024;
const EXCERPT_CHARS_MAX = 60;

type Place = "between" | "object" | "string" | "escape";

/**
 * Splits text that comes in pieces. It only looks for where objects end; whether they are JSON is seen by
 * parsing them.
 */
export class JsonObjectSplitter {
  #pending = "";
  #place: Place = "between";
  #depth = 0;
  #count = 0;

  /** The objects that `text` completes, in order. Throws `NotAnObjectError`. */
  push(text: string): Readonly<Record<string, unknown>>[] {
    const objects: Readonly<Record<string, unknown>>[] = [];
    let start = 0;
    for (let at = 0; at < text.length; at++) {
      const before = this.#place;
      this.#step(text[at]!);
      if (before === "between") start = at;
      else if (this.#place === "between") objects.push(this.#parse(text.slice(start, at + 1)));
    }
    if (this.#place !== "between") this.#keep(text.slice(start));
    return objects;
  }

  /** No text follows. Throws `NotAnObjectError` when an object is not at its end. */
  end(): void {
    if (this.#place !== "between") throw this.#fault("is cut short", this.#pending);
  }

  #step(char: string): void {
    switch (this.#place) {
      case "between":
        if (char === "{") [this.#place, this.#depth] = ["object", 1];
        else if (!/[\0\s]/.test(char)) throw this.#fault("does not begin with {", char);
        return;
      case "object":
        if (char === '"') this.#place = "string";
        else if (char === "{") this.#depth++;
        else if (char === "}" && --this.#depth === 0) this.#place = "between";
        return;
      case "string":
        if (char === '"') this.#place = "object";
        else if (char === "\\") this.#place = "escape";
        return;
      case "escape":
        this.#place = "string";
    }
  }

  #keep(rest: string): void {
    this.#pending += rest;
    if (this.#pending.length > OBJECT_CHARS_MAX) throw this.#fault("is too long", this.#pending);
  }

  #parse(rest: string): Readonly<Record<string, unknown>> {
    const text = this.#pending + rest;
    this.#pending = "";
    try {
      const object = JSON.parse(text) as Readonly<Record<string, unknown>>;
      this.#count++;
      return object;
    } catch {
      throw this.#fault("is not JSON", text);
    }
  }

  #fault(what: string, text: string): NotAnObjectError {
    return new NotAnObjectError(`object ${this.#count + 1} ${what}: ${text.slice(0, EXCERPT_CHARS_MAX)}`);
  }
}
