/**
 * Two backends that say which one they are: the first answers `0~`, the second `1~`. A program of its own, so
 * that it can be pinned:
 *
 * ```text
 * node twin-backends.ts 9000 9001
 * ```
 */
import { createServer } from "node:net";

const HEAD_END = "\r\n\r\n";

/** Answers every request without content. */
function serve(port: number, digit: number): void {
  const response = `HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n${digit}~`;
  const server = createServer({ noDelay: true }, (socket) => {
    let rest = "";
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      const heads = (rest + bytes.toString("latin1")).split(HEAD_END);
      rest = heads.pop() ?? "";
      if (heads.length > 0) socket.write(response.repeat(heads.length));
    });
  });
  server.listen(port, "127.0.0.1", 1_024);
}

for (const [digit, port] of process.argv.slice(2).entries()) serve(Number(port), digit);
