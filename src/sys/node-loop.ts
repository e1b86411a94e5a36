/**
 * What Node's own event loop (libuv) waits for, so that one wait in the kernel can serve it too: a descriptor
 * that becomes readable when it has something to do (uv_backend_fd), and when its next timer is due, which
 * that descriptor does not show.
 */
import koffi from "koffi";

const UV_TIMER = 13;

export interface NodeLoop {
  /** Readable when Node has something to do. Not ours to close. */
  readonly fd: number;
  /** In how many milliseconds Node's next timer is due; `Infinity` when none is set. */
  timerDueInMs(): number;
}

/** Node's loop in the main thread; `undefined` where Node's build hides libuv's symbols. */
export function findNodeLoop(): NodeLoop | undefined {
  try {
    return readNodeLoop();
  } catch {
    return undefined;
  }
}

function readNodeLoop(): NodeLoop | undefined {
  const library = koffi.load(null);
  const defaultLoop: () => number = library.func("int64_t uv_default_loop()");
  const backendDescriptor: (loop: number) => number = library.func("int uv_backend_fd(int64_t)");
  const isActive: (handle: number) => number = library.func("int uv_is_active(int64_t)");
  const dueIn: (handle: number) => number = library.func("uint64_t uv_timer_get_due_in(int64_t)");
  const loop = defaultLoop();
  const fd = backendDescriptor(loop);
  const timers = findTimers(library, loop);
  if (fd < 0 || timers.length === 0) return undefined;
  const timerDueInMs = (): number => {
    let nextMs = Infinity;
    for (const timer of timers) if (isActive(timer) !== 0) nextMs = Math.min(nextMs, Number(dueIn(timer)));
    return nextMs;
  };
  return { fd, timerDueInMs };
}

/**
 * All of Node's timers run on handles that it makes at its start and keeps to its end (one, in Node 24 and
 * 26).
 */
function findTimers(library: ReturnType<typeof koffi.load>, loop: number): readonly number[] {
  const handleType: (handle: number) => number = library.func("int uv_handle_get_type(int64_t)");
  const visitor = koffi.pointer(koffi.proto("void (int64_t handle, int64_t argument)"));
  const walk: (loop: number, visit: (handle: number) => void, argument: number) => void = library.func(
    "uv_walk",
    "void",
    ["int64_t", visitor, "int64_t"],
  );
  const timers: number[] = [];
  walk(loop, (handle) => void (handleType(handle) === UV_TIMER && timers.push(handle)), 0);
  return timers;
}
