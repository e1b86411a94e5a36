/**
 * The command socket: a Unix stream socket (unix(7)) whose mode is right from its first moment. Takes
 * clients, gives each a session, and lets them take turns. Who may connect is the file system's decision.
 */
import { rmSync } from "node:fs";
import { createServer, type Server, Socket } from "node:net";
import { descriptorOf } from "../../io/node-descriptors.ts";
import { errorAnswer } from "../../model/answers.ts";
import type { MainLimits } from "../limits.ts";
import { CommandSession } from "./command-session.ts";
import type { CarriedOrder, CarriedSession } from "../../model/carried.ts";
import type { OrderExecutor } from "./order-executor.ts";
import type { Reply } from "./reply.ts";
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
  #state: "serving" | "paused" = "serving";
  #inheritedPath: string | undefined;
  /** At the end: the last client is gone. */
  #lastClosed: () => void = () => undefined;

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
   * Goes on with a socket of a main before us, and with its clients: `resume` is called for each order that
   * they wait for.
   */
  inherit(
    {
      path,
      fd,
      sessions,
    }: { readonly path: string; readonly fd: number; readonly sessions: readonly CarriedSession[] },
    resume: (order: CarriedOrder, reply: Reply) => void,
  ): Promise<void> {
    this.#inheritedPath = path;
    for (const carried of sessions) {
      const socket = new Socket({ fd: carried.fd, readable: true, writable: true, allowHalfOpen: true });
      const session = this.#begin(socket, carried);
      for (const { id, order } of carried.orders) resume(order, session.replyTo(id));
    }
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen({ fd }, () => {
        this.#server.off("error", reject);
        resolve();
      });
    });
  }

  /** No orders are taken until `resume`; those that were go on. */
  pause(): void {
    this.#state = "paused";
    for (const session of this.#sessions) session.pause();
  }

  resume(): void {
    this.#state = "serving";
    for (const session of this.#sessions) session.resume();
  }

  /** True if every client could be carried over now. */
  get isCarriable(): boolean {
    return [...this.#sessions].every((session) => session.isCarriable);
  }

  /** All clients, for the next program; they are still ours, if it does not come. */
  carry(): readonly CarriedSession[] {
    return [...this.#sessions].map((session) => session.carry()).filter((each) => each !== undefined);
  }

  /** Of the socket itself. */
  get descriptor(): number {
    return descriptorOf(this.#server);
  }

  /**
   * Takes no more clients, ends those that are there once their answers are written, and removes the socket.
   */
  close(): Promise<void> {
    return new Promise((resolve) => {
      const impatience = setTimeout(() => {
        for (const session of this.#sessions) session.destroy();
      }, CLOSE_MS_MAX);
      const over = (): void => {
        clearTimeout(impatience);
        // Node removes what it has made itself.
        if (this.#inheritedPath !== undefined) rmSync(this.#inheritedPath, { force: true });
        resolve();
      };
      this.#server.close(() => {
        // Node waits for those that it has accepted, and knows nothing of those that were inherited.
        if (this.#sessions.size === 0) over();
        else this.#lastClosed = over;
      });
      for (const session of this.#sessions) session.end();
    });
  }

  #accept(socket: Socket): void {
    const { limits, executor } = this.#options;
    if (this.#sessions.size >= limits.connectionsMax) {
      const message = `${limits.connectionsMax} clients are connected, and no more are taken`;
      socket.on("error", () => socket.destroy());
      const place = { id: null, revision: executor.revision };
      socket.end(`${JSON.stringify(errorAnswer(place, { code: "LIMIT_EXCEEDED", message }))}\0`, () =>
        socket.destroy(),
      );
      return;
    }
    this.#begin(socket);
  }

  #begin(socket: Socket, carried?: CarriedSession): CommandSession {
    const { limits, executor, turns } = this.#options;
    const closed = (): void => {
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) this.#lastClosed();
    };
    const session: CommandSession = new CommandSession(socket, { executor, turns, limits, closed }, carried);
    this.#sessions.add(session);
    if (this.#state === "paused") session.pause();
    return session;
  }
}
