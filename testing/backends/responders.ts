/**
 * What a test backend answers, by path. Every answer that has a body names the backend and the request, so
 * that a client can tell a right answer from somebody else's.
 *
 * | path | answer |
 * | --- | --- |
 * | `/chunked/N` | N chunks |
 * | `/until-close` | a body that ends with the connection |
 * | `/trailers` | chunked, with a trailer |
 * | `/hints` | `103`, then `200` |
 * | `/status/N` | status N, without a body for 204 and 304 |
 * | `/bytes/N` | N bytes of `content.ts`, with their length |
 * | `/hold` | nothing until the backend's `release` |
 * | `/last` | an answer with `Connection: close`, and the close |
 * | `/websocket` | an echo over RFC 6455 |
 * | any other | method, target, and the length and hash of the body |
 */
import { createHash } from "node:crypto";
import { contentSlice } from "../content.ts";
import { valuesOf } from "../http/head.ts";
import type { Request } from "../http/request.ts";
import { acceptFor, FrameReader, OPCODE, writeFrame } from "../websocket-frames.ts";
import type { BackendConnection } from "./http-backend.ts";

const STREAM_PIECE_BYTES = 65_536;

type PathResponder = (request: Request, connection: BackendConnection, argument: number) => void;

const RESPONDERS: Readonly<Record<string, PathResponder>> = {
  chunked: respondChunked,
  "until-close": (request, { backend, socket }) => {
    socket.end(`HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n${echoOf(backend.id, request)}`);
  },
  trailers: (request, { backend, socket }) => {
    const text = echoOf(backend.id, request);
    const head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n";
    socket.write(`${head}${text.length.toString(16)}\r\n${text}\r\n0\r\nX-Sum: ${text.length}\r\n\r\n`);
  },
  hints: (request, connection) => {
    connection.socket.write("HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n");
    respondEcho(request, connection);
  },
  status: (request, connection, status) => {
    if (status === 204 || status === 304) connection.socket.write(`HTTP/1.1 ${status} Nothing\r\n\r\n`);
    else respond(connection, request, { status });
  },
  bytes: (_request, { socket }, bytes) => {
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bytes}\r\n\r\n`);
    streamContent(socket, bytes);
  },
  hold: (request, connection) => {
    connection.backend.held.push(() => respondEcho(request, connection));
  },
  last: (request, connection) => {
    respond(connection, request, { fields: "Connection: close\r\n" });
    connection.socket.end();
  },
  websocket: upgrade,
};

/** Answers by the first segment of the path, as in the table above. */
export function respondByPath(request: Request, connection: BackendConnection): void {
  const [, name = "", argument = ""] = request.target.split("?")[0]!.split("/");
  (RESPONDERS[name] ?? respondEcho)(request, connection, Number(argument));
}

/** Answers `200` with what `echoOf` says. */
function respondEcho(request: Request, connection: BackendConnection): void {
  respond(connection, request, {});
}

/** The body of an echo: who answered what. */
export function echoOf(backend: string, request: { method: string; target: string; body: Buffer }): string {
  const hash = createHash("sha256").update(request.body).digest("hex").slice(0, 16);
  return `${backend} ${request.method} ${request.target} ${request.body.length} ${hash}\n`;
}

function respond(
  connection: BackendConnection,
  request: Request,
  options: { status?: number; fields?: string },
): void {
  const { backend, socket } = connection;
  const body = echoOf(backend.id, request);
  const head = `HTTP/1.1 ${options.status ?? 200} Echo\r\nContent-Length: ${body.length}\r\nX-Backend: ${backend.id}\r\n${options.fields ?? ""}\r\n`;
  socket.write(request.method === "HEAD" ? head : head + body);
}

function respondChunked(request: Request, { backend, socket }: BackendConnection, chunks: number): void {
  const text = echoOf(backend.id, request);
  const chunk = `${text.length.toString(16)}\r\n${text}\r\n`;
  socket.write(`HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${chunk.repeat(chunks || 1)}0\r\n\r\n`);
}

/** Writes as fast as the other side reads, holding little. */
function streamContent(socket: BackendConnection["socket"], bytes: number): void {
  let at = 0;
  const writeMore = (): void => {
    while (at < bytes) {
      const end = Math.min(bytes, at + STREAM_PIECE_BYTES);
      const goesOn = socket.write(contentSlice(at, end));
      at = end;
      if (goesOn || at === bytes) continue;
      socket.once("drain", writeMore);
      return;
    }
  };
  writeMore();
}

function upgrade(request: Request, connection: BackendConnection): void {
  const { socket } = connection;
  const key = valuesOf(request.head, "sec-websocket-key").join();
  const rest = connection.takeOver();
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptFor(key)}\r\n\r\n`,
  );
  const frames = new FrameReader();
  const received = (bytes: Buffer): void => {
    for (const { opcode, payload } of frames.push(bytes)) {
      socket.write(writeFrame(opcode, payload));
      if (opcode === OPCODE.close) socket.end();
    }
  };
  socket.on("data", received);
  if (rest.length > 0) received(rest);
}
