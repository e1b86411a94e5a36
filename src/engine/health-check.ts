/**
 * One health check: connects to a backend, asks once, reads the head of the response and closes. It judges
 * this one response; what checks in a row mean is `balancing/health.ts`, and when one begins
 * `health-checks.ts`.
 *
 * Rules of this file:
 *  1. It ends in one of three ways, told once, with the connection closed: passed, failed, or not made.
 *  2. Not made is what we ourselves lack something for (a buffer, a descriptor): it says nothing of the
 *     backend.
 *  3. The body is not read. Interim responses are skipped.
 */
import type { Address } from "../base/address.ts";
import { assertNever } from "../base/assert.ts";
import { bytesOf, putBytes } from "../base/bytes.ts";
import { readResponseHead } from "../http1/read-head.ts";
import { INCOMPLETE, violationOf } from "../http1/violations.ts";
import type { HealthCheck as Terms, ProxyProtocolVersion } from "../model/objects.ts";
import { WRITTEN_BYTES_MAX, writeProxyHeader } from "../proxy-protocol/write-header.ts";
import type { ConnectionOwner } from "./connection-owner.ts";
import type { Core } from "./core.ts";
import { PartialHead } from "./partial-head.ts";
import type { IoFault } from "./port.ts";
import type { ClusterTls } from "./tls/cluster-tls.ts";
import { secureLink } from "./tls/secure-link.ts";
import type { TlsMachine } from "../tls/machine.ts";

/** What is asked: a request, or where it has no path, whether a connection can be made at all. */
type CheckTerms = Pick<Terms, "timeout_ms" | "status"> & Partial<Pick<Terms, "path">>;

/** What a check asks, and of whom. */
export interface CheckedTarget {
  /** As text: it stands in `Host`. */
  readonly address: string;
  readonly terms: CheckTerms;
  /** The PROXY header that connections to the backend begin with; for a check it names no client. */
  readonly announcedAs: ProxyProtocolVersion | undefined;
  readonly tls: ClusterTls | undefined;
  readonly backend: { readonly address: Address };
}

export type CheckResult =
  | { readonly kind: "passed" }
  /** `reason` ends the sentence "it is down: …". */
  | { readonly kind: "failed"; readonly reason: string }
  | { readonly kind: "not-made" };

const PASSED: CheckResult = { kind: "passed" };
const NOT_MADE: CheckResult = { kind: "not-made" };
const USER_AGENT = "kakehi-health-check/1";

export class HealthCheck implements ConnectionOwner {
  readonly #core: Core;
  readonly #connection: number;
  readonly #target: CheckedTarget;
  readonly #tell: (result: CheckResult) => void;
  readonly #partial = new PartialHead();
  #state: "connecting" | "securing" | "asked" | "over" = "connecting";
  #interimResponses = 0;
  #machine: TlsMachine | undefined;

  /** Takes over `connection`, which was just asked for. */
  constructor(core: Core, connection: number, target: CheckedTarget, tell: (result: CheckResult) => void) {
    this.#core = core;
    this.#connection = connection;
    this.#target = target;
    this.#tell = tell;
    core.own(connection, this);
    core.deadlines.set(connection, core.now + target.terms.timeout_ms);
  }

  /** Its result is not wanted any more: it closes, and tells nothing. */
  discard(): void {
    if (this.#state === "over") return;
    this.#state = "over";
    this.#core.disown(this.#connection);
    this.#core.port.close(this.#connection);
  }

  connected(): void {
    if (this.#state === "securing") return this.#ask();
    const { announcedAs, tls } = this.#target;
    const { memory, outbox } = this.#core;
    if (announcedAs !== undefined) {
      const at = outbox.reserve(WRITTEN_BYTES_MAX);
      if (at === -1) return this.#end(NOT_MADE);
      outbox.send(this.#connection, writeProxyHeader(memory, at, announcedAs, undefined));
    }
    if (tls === undefined) this.#ask();
    else this.#secure(tls);
  }

  received(buffer: number, start: number, end: number): void {
    let at = start;
    while (at < end && this.#state === "asked") at = this.#readHead(at, end);
    this.#core.buffers.release(buffer);
  }

  sent(): void {}

  ended(): void {
    this.#fail("the connection ended before a response");
  }

  failed(fault: IoFault): void {
    switch (fault) {
      case "no-resources":
        return this.#end(NOT_MADE);
      case "refused":
        return this.#fail("connection refused");
      case "unreachable":
        return this.#fail("unreachable");
      case "reset":
        return this.#fail("connection reset");
      case "timed-out":
        return this.#fail("connecting timed out");
      case "other":
        return this.#fail(this.#machine?.fault?.text ?? "the connection failed");
      default:
        return assertNever(fault);
    }
  }

  expired(): void {
    this.#fail(`timed out after ${this.#target.terms.timeout_ms} ms`);
  }

  cut(): void {
    this.discard();
  }

  #secure(tls: ClusterTls): void {
    this.#state = "securing";
    const secured = secureLink(this.#core, this.#connection, tls, this.#target.backend.address);
    if (secured.ok) this.#machine = secured.value;
    else if (secured.error === undefined) this.#end(NOT_MADE);
    else this.#fail(secured.error);
  }

  #ask(): void {
    const { path } = this.#target.terms;
    if (path === undefined) return this.#end(PASSED);
    const request = requestOf(this.#target.address, path);
    const { memory, outbox, port } = this.#core;
    const at = outbox.reserve(request.length);
    if (at === -1) return this.#end(NOT_MADE);
    this.#state = "asked";
    outbox.send(this.#connection, putBytes(memory, at, request));
    port.receive(this.#connection);
  }

  /** Reads one head, interim or final; gives where to go on. */
  #readHead(at: number, end: number): number {
    const { responseHead, memory, limits } = this.#core;
    const result = this.#partial.read(readResponseHead, responseHead, memory, at, end, limits);
    if (result === INCOMPLETE) return end;
    if (result < 0) {
      this.#fail(`malformed response (${violationOf(result).code})`);
      return end;
    }
    const { status } = responseHead;
    this.#partial.clear();
    if (status >= 200) this.#judge(status);
    else if (status === 101) this.#fail("status 101, which was not asked for");
    else if (++this.#interimResponses > limits.interimResponsesMax) this.#fail("too many interim responses");
    return result;
  }

  #judge(status: number): void {
    const wanted = this.#target.terms.status;
    const passes = wanted === undefined ? status < 300 : wanted.includes(status);
    if (passes) this.#end(PASSED);
    else this.#fail(`status ${status}`);
  }

  #fail(reason: string): void {
    this.#end({ kind: "failed", reason });
  }

  /** First closed, then told, so that whoever is told may begin another. */
  #end(result: CheckResult): void {
    this.discard();
    this.#tell(result);
  }
}

function requestOf(address: string, path: string): Uint8Array {
  return bytesOf(
    `GET ${path} HTTP/1.1\r\nHost: ${address}\r\nUser-Agent: ${USER_AGENT}\r\nAccept: */*\r\nConnection: close\r\n\r\n`,
  );
}
