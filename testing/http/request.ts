/** HTTP/1 requests as a strict backend reads them (RFC 9112, sections 3 and 6.3). */
import { framingOf, type Head, MalformedMessage } from "./head.ts";
import { type Message, MessageReader } from "./message-reader.ts";

export interface Request extends Message {
  readonly method: string;
  readonly target: string;
}

export interface RequestEvents {
  /** A head is complete; its body may still come. */
  head?(head: Head, method: string, target: string): void;
  request(request: Request): void;
}

/** Reads the requests of one connection. */
export class RequestReader {
  readonly #messages: MessageReader;

  constructor(events: RequestEvents) {
    this.#messages = new MessageReader({
      framingOf: (head) => {
        const { method, target } = requestLineOf(head);
        events.head?.(head, method, target);
        return framingOf(head) ?? "none";
      },
      message: (message) => events.request({ ...message, ...requestLineOf(message.head) }),
    });
  }

  /** Bytes that came after the protocol changed. */
  get rest(): Buffer {
    return this.#messages.rest;
  }

  get expects(): "idle" | "more" | "close" {
    return this.#messages.expects;
  }

  /** Throws `MalformedMessage`. */
  push(bytes: Buffer): void {
    this.#messages.push(bytes);
  }

  /** Reads no more requests: what follows is another protocol. */
  stop(): void {
    this.#messages.stop();
  }
}

function requestLineOf(head: Head): { method: string; target: string } {
  const match = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) ([\x21-\x7e]+) HTTP\/1\.[01]$/.exec(head.startLine);
  if (match === null) throw new MalformedMessage(`no request line: ${JSON.stringify(head.startLine)}`);
  return { method: match[1]!, target: match[2]! };
}
