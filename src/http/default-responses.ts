/**
 * The small plain pages that the proxy answers itself, by status. What a page says is what its reader can do;
 * the reason in detail is in the log, under the request's id.
 */
import { bytesOf } from "../base/bytes.ts";

interface Page {
  readonly reason: string;
  readonly text: string;
}

const PAGES: Readonly<Record<number, Page>> = {
  301: { reason: "Moved Permanently", text: "This page has moved." },
  302: { reason: "Found", text: "This page is elsewhere for now." },
  303: { reason: "See Other", text: "The answer is on another page." },
  307: { reason: "Temporary Redirect", text: "This page is elsewhere for now." },
  308: { reason: "Permanent Redirect", text: "This page has moved." },
  400: { reason: "Bad Request", text: "The request is malformed." },
  403: { reason: "Forbidden", text: "This address is not open to requests." },
  404: { reason: "Not Found", text: "No application is known under this name and path." },
  408: { reason: "Request Timeout", text: "The request did not come in time." },
  413: { reason: "Content Too Large", text: "The request's content is too large." },
  414: { reason: "URI Too Long", text: "The request's target is too long." },
  421: { reason: "Misdirected Request", text: "Another connection has to be made for this name." },
  431: { reason: "Request Header Fields Too Large", text: "The request's header fields are too large." },
  501: { reason: "Not Implemented", text: "The request uses a transfer coding that is not served here." },
  502: { reason: "Bad Gateway", text: "The application gave no answer that could be passed on." },
  503: { reason: "Service Unavailable", text: "The application cannot be reached at this moment." },
  504: { reason: "Gateway Timeout", text: "The application did not answer in time." },
  505: { reason: "HTTP Version Not Supported", text: "Only HTTP/1.0 and HTTP/1.1 are served here." },
};

/** The longest default response: a redirect's location is the one part of it without a fixed size. */
export const DEFAULT_RESPONSE_BYTES_MAX = 12_288;

export interface DefaultResponse {
  readonly status: number;
  readonly requestId: string;
  readonly closes: boolean;
  /** An HTTP/1.0 client that asked to keep its connection has to be told. */
  readonly keepsAlive10: boolean;
  /** A response to HEAD has the head only. */
  readonly headOnly: boolean;
  /** Whole field lines besides. */
  readonly addedLines?: string;
  /** For redirects. */
  readonly location?: string;
}

/** The whole response in HTTP/1.1: head and page. */
export function defaultResponse(response: DefaultResponse): Uint8Array {
  const page = PAGES[response.status] ?? { reason: "Error", text: "The request could not be answered." };
  const body = `${response.status} ${page.reason}\n${page.text}\nRequest ${response.requestId}\n`;
  const lines = [
    `HTTP/1.1 ${response.status} ${page.reason}`,
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${body.length}`,
    "Cache-Control: no-store",
    ...(response.location === undefined ? [] : [`Location: ${response.location}`]),
    `X-Request-Id: ${response.requestId}`,
    ...(response.closes ? ["Connection: close"] : response.keepsAlive10 ? ["Connection: keep-alive"] : []),
  ];
  return bytesOf(`${lines.join("\r\n")}\r\n${response.addedLines ?? ""}\r\n${response.headOnly ? "" : body}`);
}
