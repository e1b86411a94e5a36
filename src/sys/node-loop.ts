/**
 * Node's own event loop (libuv), as one who waits for it too must see it: a descriptor that is readable when
 * it has something to do (uv_backend_fd), and for how long it would wait itself (uv_backend_timeout), which
 * shows timers and immediates.
 *
 * No handle of libuv's is kept: one that Node frees while we hold its address would end the process.
 */
import koffi from "koffi";

export interface NodeLoop {
  /** Readable when Node has something to do. Not ours to close. */
  readonly fd: number;
  /**
   * In how many milliseconds Node must have its turn although the descriptor is not readable: 0 with an
   * immediate set, `Infinity` without timers. Counts from the last time that Node looked for events. Called
   * from within an immediate it is always 0.
   */
  dueInMs(): number;
}

/** The main thread's loop; `undefined` where Node's build hides libuv's symbols. */
export function findNodeLoop(): NodeLoop | undefined {
  try {
    const library = koffi.load(null);
    const defaultLoop: () => number = library.func("int64_t uv_default_loop()");
    const backendFd: (loop: number) => number = library.func("int uv_backend_fd(int64_t)");
    const backendTimeout: (loop: number) => number = library.func("int uv_backend_timeout(int64_t)");
    const loop = defaultLoop();
    const fd = backendFd(loop);
    const dueInMs = (): number => {
      const timeoutMs = backendTimeout(loop);
      return timeoutMs < 0 ? Infinity : timeoutMs;
    };
    return fd < 0 ? undefined : { fd, dueInMs };
  } catch {
    return undefined;
  }
}
