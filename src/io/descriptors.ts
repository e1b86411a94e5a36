/**
 * Open descriptors between main and a worker: main sends one before the message that names it, so it is there
 * when the worker asks. The bytes of that message travel elsewhere.
 */
import { fail, ok, type Result } from "../base/result.ts";
import { openDescriptorPair, receiveRights, RIGHTS_MAX, sendRights } from "../sys/descriptor-passing.ts";
import { EAGAIN, type SystemFault } from "../sys/errno.ts";

/**
 * Why no descriptor passed. `CHANNEL_FULL` and `NOTHING_SENT`: try again later; `FAILED`: the channel is of
 * no more use.
 */
export interface DescriptorFault {
  readonly code: "CHANNEL_FULL" | "NOTHING_SENT" | "FAILED";
  readonly message: string;
}

/** A connected pair for `spawn`'s stdio. Give `theirs` to the child, then close it here. */
export function createDescriptorPair(): Result<
  { readonly ours: number; readonly theirs: number },
  SystemFault
> {
  const pair = openDescriptorPair();
  return pair.ok ? ok({ ours: pair.value.first, theirs: pair.value.second }) : pair;
}

/**
 * Sends a duplicate of `fd`; ours stays open. Never blocks: a worker that reads none has room for some
 * hundred.
 * @public
 */
export function sendDescriptor(channelFd: number, fd: number): Result<void, DescriptorFault> {
  return sendDescriptors(channelFd, [fd]);
}

/**
 * The most that `sendDescriptors` sends at once.
 */
export const DESCRIPTORS_MAX: number = RIGHTS_MAX;

/**
 * As `sendDescriptor`, of 1 to `DESCRIPTORS_MAX` together: all are sent, or none. `receiveDescriptors` takes
 * them.
 */
export function sendDescriptors(channelFd: number, fds: readonly number[]): Result<void, DescriptorFault> {
  const sent = sendRights(channelFd, fds);
  return sent.ok ? sent : fail(descriptorFault(sent.error, "CHANNEL_FULL"));
}

/**
 * Takes the next descriptor that was sent, in order; who calls owns it. It is closed on exec. Never blocks.
 */
export function receiveDescriptor(channelFd: number): Result<number, DescriptorFault> {
  const received = receiveRights(channelFd, 1);
  return received.ok ? ok(received.value[0]!) : fail(descriptorFault(received.error, "NOTHING_SENT"));
}

/**
 * As `receiveDescriptor`, all that one `sendDescriptors` sent. `FAILED` where the other end sends anything
 * else: none of that stays open.
 */
export function receiveDescriptors(channelFd: number): Result<readonly number[], DescriptorFault> {
  const received = receiveRights(channelFd, RIGHTS_MAX);
  return received.ok ? received : fail(descriptorFault(received.error, "NOTHING_SENT"));
}

function descriptorFault(fault: SystemFault, later: "CHANNEL_FULL" | "NOTHING_SENT"): DescriptorFault {
  return { code: fault.errno === EAGAIN ? later : "FAILED", message: fault.message };
}
