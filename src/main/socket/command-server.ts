/**
 * The command socket: a Unix stream socket (unix(7)) whose mode is right from its first moment. Takes
 * clients, gives each a session, and lets them take turns. Who may connect is the file system's decision.
 */
import { createServer, type Server, type Socket } from "node:net";
import { errorAnswer } from "../../model/answers.ts";
import type { MainLimits } from "../limits.ts";
import { CommandSession, type OrderExecutor } from "./command-session.ts";
import type { Turns } from "./turns.ts";

/** At the end, a client that neither reads nor leaves is not waited for longer. */
const CLOSE_MS_MAX = 500;

export interface CommandServerOptions {
  readonly executor: OrderExecutor;
  readonly limits: MainLimits;
  readonly turns: Turns;
}

export class CommandServer {
  readonly #options: CommandServerOptions;
  readonly #server: Server;
  readonly #sessions: Set<CommandSession> = new Set();

  constructor(options: CommandServerOptions) {
    this.#options = options;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  /**
   * Opens the socket at `path` with exactly this mode. The path must be free. Rejects with the system's
   * error.
   */
  listen(path: string, mode: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      // bind(2) makes the file, with 0777 less the mask, before listen() returns: at no moment is it wider.
      const mask = process.umask(~mode & 0o777);
      try {
        this.#server.listen(path, () => {
          this.#server.off("error", reject);
          resolve();
        });
      } finally {
        process.umask(mask);
      }
    });
  }

  /**
   * Takes no more clients, ends those that are there once their answers are written, and removes the socket.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => {
        for (const session of this.#sessions) session.destroy();
      }, CLOSE_MS_MAX);
      this.#server.close(() => {
        clearTimeout(impatience);
        resolve();
      });
      for (const session of this.#sessions) session.end();
    });
  }

  #accept(socket: Socket): void {
    const { limits, executor, turns } = this.#options;
    if (this.#sessions.size >= limits.connectionsMax) {
      const message = `${limits.connectionsMax} clients are connected, and no more are taken`;
      socket.on("error", () => socket.destroy());
      const place = { id: null, revision: executor.revision };
      socket.end(`${JSON.stringify(errorAnswer(place, { code: "LIMIT_EXCEEDED", message }))}\0`, () =>
        socket.destroy(),
      );
      return;
    }
    const session: CommandSession = new CommandSession(socket, {
      executor,
      turns,
      limits,
      closed: () => this.#sessions.delete(session),
    });
    this.#sessions.add(session);
  }
}
