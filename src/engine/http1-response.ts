/**
 * Writes responses to a client that speaks HTTP/1, in the framing and with the announcement that this client
 * needs. Whether the connection closes afterwards is decided by its session, and comes in with the context.
 *
 * Every function gives false if no buffer is free: then the connection cannot go on.
 */
import { joinBytes, putBytes, textOf } from "../base/bytes.ts";
import { DEFAULT_RESPONSE_BYTES_MAX, defaultResponse } from "../http/default-responses.ts";
import { FRAMING, type Framing, type Head } from "../http/head.ts";
import { ADDED_BYTES_MAX, ANNOUNCE, type Announcement, writeResponseHead } from "../http1/write-head.ts";
import { DEFAULT_STATUSES } from "../metrics/catalogue.ts";
import { slotOf } from "../metrics/engine-metrics.ts";
import type { Core } from "./core.ts";
import type { RequestContext } from "./request-context.ts";
import { NO_LINES } from "./revision-line.ts";

/** So that a status' first digit leads to its class. */
const RESPONSES_0XX = slotOf("responses", "1xx") - 1;
const DEFAULT_RESPONSES: ReadonlyMap<number, number> = new Map(
  DEFAULT_STATUSES.map((status) => [Number(status), slotOf("default_responses", status)]),
);
/**
 * How a backend's response is framed for the client: HTTP/1.0 knows no chunks, HTTP/1.1 shall see the end.
 */
export function framingFor(head: Head, request: RequestContext): Framing {
  if (head.framing !== FRAMING.chunked && head.framing !== FRAMING.untilClose) return head.framing;
  return request.minorVersion === 1 ? FRAMING.chunked : FRAMING.untilClose;
}

/**
 * The head of the final response; `request` says how it is framed and whether it is the last. `addedLines`
 * are whole field lines besides.
 */
export function sendResponse(
  core: Core,
  connection: number,
  head: Head,
  request: RequestContext,
  addedLines: Uint8Array,
): boolean {
  const { responseFraming } = request;
  const lines = withRevision(request, addedLines);
  countResponse(core, head.status);
  return sendHead(core, connection, head, request, responseFraming, announcementOf(request), lines);
}

export function sendInterim(core: Core, connection: number, head: Head, request: RequestContext): boolean {
  return sendHead(core, connection, head, request, FRAMING.none, ANNOUNCE.nothing, NO_LINES);
}

/** The response that agrees to an upgrade. */
export function sendUpgrade(
  core: Core,
  connection: number,
  head: Head,
  request: RequestContext,
  addedLines: Uint8Array,
): boolean {
  const lines = withRevision(request, addedLines);
  countResponse(core, head.status);
  return sendHead(core, connection, head, request, FRAMING.none, ANNOUNCE.upgrade, lines);
}

/**
 * A response of our own, whole: made as text, because it is rare. Also false if a redirect's location is too
 * long.
 */
export function sendDefaultResponse(
  core: Core,
  connection: number,
  request: RequestContext,
  response: { readonly status: number; readonly location: string | undefined },
): boolean {
  const bytes = defaultResponse({
    status: response.status,
    requestId: request.requestIdText,
    closes: request.closesAfter,
    keepsAlive10: request.minorVersion === 0,
    headOnly: request.isHeadRequest,
    addedLines: textOf(request.revisionLine),
    ...(response.location === undefined ? {} : { location: response.location }),
  });
  if (bytes.length > DEFAULT_RESPONSE_BYTES_MAX) return false;
  const at = core.outbox.reserve(bytes.length);
  if (at === -1) return false;
  countResponse(core, response.status);
  core.counters[DEFAULT_RESPONSES.get(response.status)!]!++;
  core.outbox.send(connection, putBytes(core.memory, at, bytes));
  return true;
}

function sendHead(
  core: Core,
  connection: number,
  head: Head,
  request: RequestContext,
  framing: Framing,
  announcement: Announcement,
  addedLines: Uint8Array,
): boolean {
  const at = core.outbox.reserve(head.end - head.start + ADDED_BYTES_MAX);
  if (at === -1) return false;
  core.outbox.send(
    connection,
    writeResponseHead(core.memory, at, head, framing, announcement, request.requestIdLine, addedLines),
  );
  return true;
}

/** Most listeners do not tell it: then nothing is made. */
function withRevision({ revisionLine }: RequestContext, addedLines: Uint8Array): Uint8Array {
  if (revisionLine.length === 0) return addedLines;
  return addedLines.length === 0 ? revisionLine : joinBytes(revisionLine, addedLines);
}

function countResponse(core: Core, status: number): void {
  core.counters[RESPONSES_0XX + Math.trunc(status / 100)]!++;
}

function announcementOf(request: RequestContext): Announcement {
  if (request.closesAfter) return ANNOUNCE.close;
  return request.minorVersion === 0 ? ANNOUNCE.keepAlive : ANNOUNCE.nothing;
}
