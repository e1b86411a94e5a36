/**
 * The command socket, and a second one for looking only, where one is wanted: Unix stream sockets (unix(7))
 * whose mode is right from their first moment. Takes clients, gives each a session, and lets them take turns.
 * Who may connect is decided by the file system, and by rights where the configuration file gives them.
 */
import { createServer, type Server, Socket } from "node:net";
import { removeIfPossible } from "../../io/files.ts";
import { descriptorOf } from "../../io/node-descriptors.ts";
import { findExcess } from "./shares.ts";
import { senderOf, type Sender } from "./sender.ts";
import { errorAnswer } from "../../model/answers.ts";
import type { OrderError } from "../../model/errors.ts";
import { ownAuthor } from "../author.ts";
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

const NO_RIGHT_ANY_MORE: OrderError = {
  code: "FORBIDDEN",
  message: "this user has no right here any more; what its orders have changed stays so",
};

export class CommandServer {
  readonly #options: CommandServerOptions;
  readonly #server: Server;
  #readServer: Server | undefined;
  readonly #sessions: Set<CommandSession> = new Set();
  #state: "serving" | "paused" = "serving";
  /** Of sockets that Node has not made itself. */
  readonly #inheritedPaths: string[] = [];
  /** At the end: the last client is gone. */
  #lastClosed: () => void = () => undefined;

  constructor(options: CommandServerOptions) {
    this.#options = options;
    this.#server = this.#newServer("command");
  }

  /**
   * Opens the socket at `path` with exactly this mode. The path must be free. Rejects with the system's
   * error.
   */
  listen(path: string, mode: number): Promise<void> {
    return listenAt(this.#server, path, mode);
  }

  /** Opens the second socket, on which nothing can be changed, in the same way. */
  listenForReading(path: string, mode: number): Promise<void> {
    this.#readServer = this.#newServer("read");
    return listenAt(this.#readServer, path, mode);
  }

  /**
   * Goes on with a socket of a main before us, and with its clients: `resume` is called for each order that
   * they wait for, and gives what its client's next orders wait for.
   */
  inherit(
    {
      path,
      fd,
      sessions,
    }: { readonly path: string; readonly fd: number; readonly sessions: readonly CarriedSession[] },
    resume: (order: CarriedOrder, reply: Reply) => Promise<void> | undefined,
  ): Promise<void> {
    this.#inheritedPaths.push(path);
    for (const carried of sessions) {
      const socket = new Socket({ fd: carried.fd, readable: true, writable: true, allowHalfOpen: true });
      const session = this.#begin(socket, senderOf(socket, carried.via ?? "command"), carried);
      for (const { id, order } of carried.orders) session.holdUntil(resume(order, session.replyTo(id)), id);
    }
    return opened(this.#server, () => this.#server.listen({ fd }));
  }

  /** Goes on with the second socket of a main before us. */
  inheritForReading({ path, fd }: { readonly path: string; readonly fd: number }): Promise<void> {
    this.#inheritedPaths.push(path);
    const server = (this.#readServer = this.#newServer("read"));
    return opened(server, () => server.listen({ fd }));
  }

  /** Tells those who may not connect any more, and ends their sessions. */
  endForbidden(): void {
    for (const session of this.#sessions)
      if (!this.#options.executor.admits(session.sender)) session.forbid(NO_RIGHT_ANY_MORE);
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

  /** Orders of all clients that cannot be carried over and may take long, for people. */
  get lasting(): readonly string[] {
    return [...this.#sessions].flatMap((session) => session.lasting);
  }

  /** All clients, for the next program; they are still ours, if it does not come. */
  carry(): readonly CarriedSession[] {
    return [...this.#sessions].map((session) => session.carry()).filter((each) => each !== undefined);
  }

  /** Of the socket itself. */
  get descriptor(): number {
    return descriptorOf(this.#server);
  }

  /** Of the second one. */
  get readDescriptor(): number | undefined {
    return this.#readServer && descriptorOf(this.#readServer);
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
        for (const path of this.#inheritedPaths) removeIfPossible(path);
        resolve();
      };
      const servers = [this.#server, this.#readServer].filter((server) => server !== undefined);
      let left = servers.length;
      const closed = (): void => {
        if (--left > 0) return;
        // Node waits for those that it has accepted, and knows nothing of those that were inherited.
        if (this.#sessions.size === 0) over();
        else this.#lastClosed = over;
      };
      for (const server of servers) server.close(closed);
      for (const session of this.#sessions) session.end();
    });
  }

  #newServer(via: "command" | "read"): Server {
    return createServer({ allowHalfOpen: true }, (socket) => this.#accept(socket, senderOf(socket, via)));
  }

  #accept(socket: Socket, sender: Sender): void {
    const { limits, executor } = this.#options;
    if (!executor.admits(sender))
      return this.#turnAway(socket, { code: "FORBIDDEN", message: "this user has no right here" });
    const present = [...this.#sessions].map((session) => session.sender);
    const excess = findExcess(present, sender, limits, ownAuthor().uid);
    if (excess !== undefined) return this.#turnAway(socket, excess);
    this.#begin(socket, sender);
  }

  #turnAway(socket: Socket, error: OrderError): void {
    socket.on("error", () => socket.destroy());
    const place = { id: null, revision: this.#options.executor.revision };
    socket.end(`${JSON.stringify(errorAnswer(place, error))}\0`, () => socket.destroy());
  }

  #begin(socket: Socket, sender: Sender, carried?: CarriedSession): CommandSession {
    const { limits, executor, turns } = this.#options;
    const closed = (): void => {
      this.#sessions.delete(session);
      if (this.#sessions.size === 0) this.#lastClosed();
    };
    const options = { executor, turns, limits, sender, closed };
    const session: CommandSession = new CommandSession(socket, options, carried);
    this.#sessions.add(session);
    if (this.#state === "paused") session.pause();
    return session;
  }
}

function listenAt(server: Server, path: string, mode: number): Promise<void> {
  // bind(2) makes the file, with 0777 less the mask, before listen() returns: at no moment is it wider.
  const mask = process.umask(~mode & 0o777);
  try {
    return opened(server, () => server.listen(path));
  } finally {
    process.umask(mask);
  }
}

/** Fulfilled when the server listens. Rejects with the system's error. */
function opened(server: Server, listen: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.once("listening", () => {
      server.off("error", reject);
      resolve();
    });
    listen();
  });
}
