/**
 * Node's own event loop (libuv) as a descriptor that becomes readable when it has something to do
 * (uv_backend_fd), so that one wait in the kernel can serve it too. Its timers do not show there.
 *
 * Only two calls, and no handle of libuv's is kept: a handle that Node frees while we hold its address would
 * end the process.
 */
import koffi from "koffi";

/** The descriptor of Node's loop in the main thread, not ours to close; `undefined` where Node's build hides it. */
export function findNodeLoopDescriptor(): number | undefined {
  try {
    const library = koffi.load(null);
    const defaultLoop: () => number = library.func("int64_t uv_default_loop()");
    const backendDescriptor: (loop: number) => number = library.func("int uv_backend_fd(int64_t)");
    const descriptor = backendDescriptor(defaultLoop());
    return descriptor < 0 ? undefined : descriptor;
  } catch {
    return undefined;
  }
}
