/**
 * The real listening sockets behind `Listeners`: opened and filtered by `sys`. Failures become the order's
 * error.
 */
import { parseAddress } from "../base/address.ts";
import { assert } from "../base/assert.ts";
import { fail } from "../base/result.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { openListeningSocket, refuseNewConnections, takeNewConnections } from "../sys/listening-socket.ts";
import type { ListeningSockets } from "./listeners.ts";

export const LISTENING_SOCKETS: ListeningSockets = {
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
};
