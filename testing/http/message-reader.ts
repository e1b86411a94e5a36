/**
 * Reads a stream of bytes as HTTP/1 messages, one after another, strictly and whatever the pieces. Bodies are
 * collected, or handed on piece by piece. It knows no socket: bytes in, messages out, `MalformedMessage`
 * thrown for what is none.
 */
import { type Framing, type Head, MalformedMessage, parseField, parseHead } from "./head.ts";

export interface Message {
  readonly head: Head;
  readonly body: Buffer;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

/** What the owner of the reader decides, and hears. */
export interface MessageEvents {
  /** A head is complete: how does its body end? `none`: there is no body and none follows, as for `204`. */
  framingOf(head: Head): Framing | "none";
  /** A message is complete. */
  message(message: Message): void;
  /** Given this, body bytes come here and are not collected. */
  bodyPiece?(piece: Buffer, head: Head): void;
}

type State =
  | { readonly at: "head" }
  | { readonly at: "length"; readonly head: Head; left: number }
  | { readonly at: "until-close"; readonly head: Head }
  | { readonly at: "chunk-size"; readonly head: Head }
  | { readonly at: "chunk"; readonly head: Head; left: number }
  | { readonly at: "chunk-end"; readonly head: Head }
  | { readonly at: "trailers"; readonly head: Head; readonly fields: (readonly [string, string])[] }
  /** What follows is another protocol. */
  | { readonly at: "switched" };

const HEAD_BYTES_MAX = 262_144;
const CRLF = Buffer.from("\r\n");

export class MessageReader {
  readonly #events: MessageEvents;
  #state: State = { at: "head" };
  #pending: Buffer = Buffer.alloc(0);
  #body: Buffer[] = [];

  constructor(events: MessageEvents) {
    this.#events = events;
  }

  /** What the stream would have to bring next; `idle` between messages. */
  get expects(): "idle" | "more" | "close" {
    if (this.#state.at === "until-close") return "close";
    return this.#state.at === "head" && this.#pending.length === 0 ? "idle" : "more";
  }

  /** Bytes that came and were not read: after `stop`, those of the next protocol. */
  get rest(): Buffer {
    return this.#pending;
  }

  /** Reads no more messages: called from `message` when the protocol changes with it. */
  stop(): void {
    this.#state = { at: "switched" };
  }

  push(bytes: Buffer): void {
    this.#pending = this.#pending.length === 0 ? bytes : Buffer.concat([this.#pending, bytes]);
    while (this.#step());
  }

  /**
   * The peer ended its direction. Completes a body that ends with the connection; anything half read is
   * malformed.
   */
  end(): void {
    if (this.#state.at === "until-close") this.#complete(this.#state.head, []);
    else if (this.expects === "more" && this.#state.at !== "switched")
      throw new MalformedMessage(`cut in ${this.#state.at}`);
  }

  /** One step forward; `false` when more bytes are needed. */
  #step(): boolean {
    const state = this.#state;
    switch (state.at) {
      case "head":
        return this.#readHead();
      case "length":
      case "chunk":
        return this.#readBody(state);
      case "until-close":
        return this.#take(this.#pending.length, state.head);
      case "chunk-size":
        return this.#readChunkSize(state.head);
      case "chunk-end":
        return this.#readChunkEnd(state.head);
      case "trailers":
        return this.#readTrailer(state);
      case "switched":
        return false;
    }
  }

  #readHead(): boolean {
    const end = this.#pending.indexOf("\r\n\r\n");
    if (end === -1) {
      if (this.#pending.length > HEAD_BYTES_MAX) throw new MalformedMessage("a head without an end");
      return false;
    }
    const head = parseHead(this.#pending.toString("latin1", 0, end + 4));
    this.#pending = this.#pending.subarray(end + 4);
    this.#body = [];
    const framing = this.#events.framingOf(head);
    if (framing === "none" || (framing.kind === "length" && framing.bytes === 0)) this.#complete(head, []);
    else if (framing.kind === "length") this.#state = { at: "length", head, left: framing.bytes };
    else if (framing.kind === "chunked") this.#state = { at: "chunk-size", head };
    else this.#state = { at: "until-close", head };
    return true;
  }

  #readBody(state: { readonly at: "length" | "chunk"; readonly head: Head; left: number }): boolean {
    const count = Math.min(state.left, this.#pending.length);
    if (count === 0) return false;
    this.#take(count, state.head);
    state.left -= count;
    if (state.left > 0) return false;
    if (state.at === "length") this.#complete(state.head, []);
    else this.#state = { at: "chunk-end", head: state.head };
    return true;
  }

  #readChunkSize(head: Head): boolean {
    const line = this.#line();
    if (line === undefined) return false;
    if (!/^[0-9a-fA-F]{1,12}$/.test(line)) throw new MalformedMessage(`chunk size ${JSON.stringify(line)}`);
    const left = Number.parseInt(line, 16);
    this.#state = left === 0 ? { at: "trailers", head, fields: [] } : { at: "chunk", head, left };
    return true;
  }

  #readChunkEnd(head: Head): boolean {
    const line = this.#line();
    if (line === undefined) return false;
    if (line !== "") throw new MalformedMessage(`bytes after a chunk: ${JSON.stringify(line)}`);
    this.#state = { at: "chunk-size", head };
    return true;
  }

  #readTrailer(state: { readonly head: Head; readonly fields: (readonly [string, string])[] }): boolean {
    const line = this.#line();
    if (line === undefined) return false;
    if (line === "") this.#complete(state.head, state.fields);
    else state.fields.push(parseField(line));
    return true;
  }

  /** The next line without its CRLF. */
  #line(): string | undefined {
    const end = this.#pending.indexOf(CRLF);
    if (end === -1) {
      if (this.#pending.length > HEAD_BYTES_MAX) throw new MalformedMessage("a line without an end");
      return undefined;
    }
    const line = this.#pending.toString("latin1", 0, end);
    this.#pending = this.#pending.subarray(end + 2);
    return line;
  }

  /** Passes on `count` body bytes; always `false`: nothing can be read without more. */
  #take(count: number, head: Head): false {
    if (count === 0) return false;
    const piece = this.#pending.subarray(0, count);
    this.#pending = this.#pending.subarray(count);
    if (this.#events.bodyPiece !== undefined) this.#events.bodyPiece(piece, head);
    else this.#body.push(piece);
    return false;
  }

  #complete(head: Head, trailers: readonly (readonly [string, string])[]): void {
    const body = Buffer.concat(this.#body);
    this.#body = [];
    this.#state = { at: "head" };
    this.#events.message({ head, body, trailers });
  }
}
