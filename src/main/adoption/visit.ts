/**
 * Going to a worker that has lost its main, by its rendezvous: it gets a channel of each kind, and we get its
 * process.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { createDescriptorPair, sendDescriptors } from "../../io/descriptors.ts";
import { closeDescriptor } from "../../sys/descriptor.ts";
import { EAGAIN } from "../../sys/errno.ts";
import { openProcessHandle } from "../../sys/process-handle.ts";
import { connectUnixSocket, peerCredentials } from "../../sys/unix-socket.ts";
import { adoptWorker, type WorkerOrigin } from "../workers/worker-origin.ts";

/** `crowded`: so many wait before its door that it can only be tried again. */
export interface VisitFault {
  readonly kind: "gone" | "crowded";
  readonly message: string;
}

/** The worker behind the socket at `path`. */
export function visitWorker(path: string): Result<WorkerOrigin, VisitFault> {
  const door = connectUnixSocket(path);
  if (!door.ok) return fail(faultOf(door.error.message, door.error.errno === EAGAIN ? "crowded" : "gone"));
  try {
    const peer = peerCredentials(door.value);
    if (!peer.ok) return fail(faultOf(peer.error.message));
    const { pid } = peer.value;
    const handle = openProcessHandle(pid);
    if (!handle.ok) return fail(faultOf(handle.error.message));
    const channels = bringChannels(door.value);
    if (!channels.ok) {
      closeDescriptor(handle.value);
      return fail(faultOf(channels.error));
    }
    return ok(adoptWorker({ pid, handle: handle.value }, channels.value));
  } finally {
    closeDescriptor(door.value);
  }
}

function faultOf(message: string, kind: VisitFault["kind"] = "gone"): VisitFault {
  return { kind, message };
}

/** Main's ends; the others are on their way. */
function bringChannels(
  door: number,
): Result<{ readonly messages: number; readonly descriptors: number }, string> {
  const messages = createDescriptorPair();
  if (!messages.ok) return fail(messages.error.message);
  const descriptors = createDescriptorPair();
  if (!descriptors.ok) {
    closeDescriptor(messages.value.ours);
    closeDescriptor(messages.value.theirs);
    return fail(descriptors.error.message);
  }
  const theirs = [messages.value.theirs, descriptors.value.theirs];
  const sent = sendDescriptors(door, theirs);
  theirs.forEach(closeDescriptor);
  if (sent.ok) return ok({ messages: messages.value.ours, descriptors: descriptors.value.ours });
  [messages.value.ours, descriptors.value.ours].forEach(closeDescriptor);
  return fail(sent.error.message);
}
