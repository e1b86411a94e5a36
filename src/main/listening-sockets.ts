/**
 * The real listening sockets behind `Listeners`: opened and filtered by `sys`. Failures become the order's
 * error.
 */
import { parseAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail, ok } from "../base/result.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { openListeningSocket, refuseNewConnections, takeNewConnections } from "../sys/listening-socket.ts";
import type { InheritedSockets } from "./inherited-sockets.ts";
import type { ListeningSockets } from "./listeners.ts";

/** Those that we open ourselves, and at their addresses those that we were started with. */
export function listeningSockets(inherited: InheritedSockets): ListeningSockets {
  return {
    ...OWN_SOCKETS,
    open: (text) => {
      const fd = inherited.take(text);
      return fd === undefined ? OWN_SOCKETS.open(text) : ok(fd);
    },
    outlivesUs: (text) => inherited.has(text),
    giveBack: () => inherited.takeNew(),
  };
}

/** Those that we open ourselves. */
export const OWN_SOCKETS: ListeningSockets = {
  open: (text) => {
    const address = parseAddress(text);
    assert(address !== undefined, "a listener has a valid address");
    const opened = openListeningSocket(address);
    return opened.ok ? opened : fail({ ...opened.error, field: "data.address" });
  },
  // Where the kernel takes no filter, new connections go on until the close: some may be reset, none else is
  // touched.
  refuseNew: (fd) => void refuseNewConnections(fd),
  takeNew: (fd) => void takeNewConnections(fd),
  close: closeDescriptor,
  outlivesUs: () => false,
  giveBack: () => undefined,
};
