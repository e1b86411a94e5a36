/**
 * What this kernel's io_uring can do beyond what we need, found out by trying.
 */
import { closeDescriptor } from "../../sys/descriptor.ts";
import { openDescriptorPair } from "../../sys/descriptor-passing.ts";
import { EINVAL } from "../../sys/errno.ts";
import { RECEIVE_LIMIT_BYTES_MIN } from "./connections.ts";
import { RECEIVE, type Operations } from "./operations.ts";
import type { Ring } from "./ring.ts";

const PROBE_WAIT_MS = 100;

/**
 * Whether a multishot receive can be limited in what it gives (Linux 6.17). Without a limit one peer could
 * fill the whole pool before we are asked, so there each receive brings one buffer. Leaves the ring empty.
 */
export function takesReceiveLimit(ring: Ring, limited: Operations): boolean {
  const pair = openDescriptorPair();
  if (!pair.ok) return false;
  let result: number | undefined;
  const target = { completed: (_userData: number, completed: number): void => void (result = completed) };
  limited.receive(0, pair.value.first, RECEIVE_LIMIT_BYTES_MIN);
  ring.submit();
  ring.drain(target);
  const isRefused = result === -EINVAL;
  if (result === undefined) {
    limited.cancel(RECEIVE, 0);
    ring.submitAndWait(PROBE_WAIT_MS);
    ring.drain(target);
  }
  closeDescriptor(pair.value.first);
  closeDescriptor(pair.value.second);
  return !isRefused && result !== undefined;
}
