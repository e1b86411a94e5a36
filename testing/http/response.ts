/** HTTP/1 responses as a strict client reads them (RFC 9112, sections 4 and 6.3). */
import { type Framing, framingOf, type Head, MalformedMessage, tokensOf } from "./head.ts";
import { type Message, MessageReader } from "./message-reader.ts";

export interface Response extends Message {
  readonly status: number;
  /** Interim responses (1xx) that came before it. */
  readonly interim: readonly Message[];
  /** The connection ends after this response, and the response said so. */
  readonly closes: boolean;
}

export interface ResponseEvents {
  response(response: Response): void;
  /** An interim response (1xx), as soon as it is there. */
  interim?(message: Message): void;
  bodyPiece?(piece: Buffer, head: Head): void;
}

/**
 * Reads the responses of one connection. `method` gives the method of the request that the next final
 * response answers.
 */
export class ResponseReader {
  readonly #messages: MessageReader;
  readonly #events: ResponseEvents;
  readonly #method: () => string | undefined;
  #interim: Message[] = [];
  #endsWithConnection = false;

  constructor(events: ResponseEvents, method: () => string | undefined) {
    this.#events = events;
    this.#method = method;
    const bodyPiece = events.bodyPiece?.bind(events);
    this.#messages = new MessageReader({
      framingOf: (head) => this.#framingOf(head),
      message: (message) => this.#message(message),
      ...(bodyPiece && { bodyPiece }),
    });
  }

  get expects(): "idle" | "more" | "close" {
    return this.#interim.length > 0 && this.#messages.expects === "idle" ? "more" : this.#messages.expects;
  }

  /** What followed a `101`. */
  get rest(): Buffer {
    return this.#messages.rest;
  }

  /** Throws `MalformedMessage`. */
  push(bytes: Buffer): void {
    this.#messages.push(bytes);
  }

  end(): void {
    this.#messages.end();
  }

  #framingOf(head: Head): Framing | "none" {
    const status = statusOf(head);
    if (this.#method() === undefined)
      throw new MalformedMessage(`a response to no request: ${head.startLine}`);
    const framing = framingOf(head);
    this.#endsWithConnection = false;
    if (status < 200 || status === 204) {
      if (framing !== undefined) throw new MalformedMessage(`${status} with ${framing.kind} framing`);
      return "none";
    }
    if (status === 304 || this.#method() === "HEAD") return "none";
    this.#endsWithConnection = framing === undefined;
    return framing ?? { kind: "until-close" };
  }

  #message(message: Message): void {
    const status = statusOf(message.head);
    if (status < 200 && status !== 101) {
      this.#interim.push(message);
      this.#events.interim?.(message);
      return;
    }
    const interim = this.#interim;
    this.#interim = [];
    if (status === 101) this.#messages.stop();
    const closes = this.#endsWithConnection || closesAfter(message.head);
    this.#events.response({ ...message, status, interim, closes });
  }
}

function statusOf(head: Head): number {
  const match = /^HTTP\/1\.[01] ([1-5][0-9]{2}) [\t\x20-\x7e\x80-\xff]*$/.exec(head.startLine);
  if (match === null) throw new MalformedMessage(`no status line: ${JSON.stringify(head.startLine)}`);
  return Number(match[1]);
}

/** Whether the connection ends after this response by its own words: RFC 9112, section 9.3. */
function closesAfter(head: Head): boolean {
  const options = tokensOf(head, "connection");
  return (
    options.includes("close") || (head.startLine.startsWith("HTTP/1.0") && !options.includes("keep-alive"))
  );
}
