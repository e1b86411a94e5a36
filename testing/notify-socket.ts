/**
 * A service manager's socket: a test reads what a process tells (sd_notify(3)), one datagram after another.
 */
import { mkdtempSync, readSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { scratch } from "../src/sys/arena.ts";
import { closeDescriptor, isReadable } from "../src/sys/descriptor.ts";
import * as libc from "../src/sys/libc.ts";
import { AF_UNIX } from "../src/sys/unix-socket.ts";
import { SOCK_CLOEXEC, SOCK_NONBLOCK } from "../src/sys/stream-socket.ts";
import { askUntil } from "./deadline.ts";

const WAIT_MS = 20_000;
const SOCK_DGRAM = 2;
const DATAGRAM_BYTES_MAX = 4_096;

export class NotifySocket {
  readonly path: string;
  readonly #fd: number;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /** Opens one in a temporary folder; it is closed when the test is over. */
  static open(t: TestContext): NotifySocket {
    const folder = mkdtempSync(join(tmpdir(), "kakehi-notify-"));
    const path = join(folder, "notify.sock");
    const fd = libc.socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const name = Buffer.from(`\x01\x00${path}\0`);
    scratch.bytes.set(name);
    const bound = libc.bind(fd, scratch.addressOf(0, name.length), name.length);
    if (bound < 0) throw new Error(`cannot bind ${path}: error ${-bound}`);
    t.after(() => {
      closeDescriptor(fd);
      rmSync(folder, { recursive: true });
    });
    return new NotifySocket(path, fd);
  }

  /** The next datagram's text. */
  next(): Promise<string> {
    return askUntil(WAIT_MS, "a datagram", () => {
      if (!isReadable(this.#fd)) return undefined;
      const bytes = Buffer.alloc(DATAGRAM_BYTES_MAX);
      return bytes.toString("utf8", 0, readSync(this.#fd, bytes));
    });
  }

  /** The first datagram from now on that fits. */
  async nextLike(what: RegExp): Promise<string> {
    for (;;) {
      const text = await this.next();
      if (what.test(text)) return text;
    }
  }
}
