/**
 * What the engine calls on whoever owns a connection number. One owner for each number, from accept or
 * connect to close.
 */
import type { IoFault } from "./port.ts";
import type { Use } from "./use.ts";

export interface ConnectionOwner {
  /** Connecting succeeded. */
  connected(): void;
  /** Bytes `memory[start..end)` came; one reference of `buffer` is the owner's now. */
  received(buffer: number, start: number, end: number): void;
  /** Something that was queued has been written. */
  sent(): void;
  /** The peer ended its direction. */
  ended(): void;
  /** The connection failed; the owner has to close it. */
  failed(fault: IoFault): void;
  /** There is memory for more of it (`reading.ts`). Who has no such method is read on. */
  turnCame?(): void;
  /** It was taken out of the kernel's hands, as its owner asked. */
  detached?(): void;
  /** The deadline that the owner set has come. It may set another. */
  expired(): void;
  /** True if what goes on is counted in `use`. Who has no such method uses nothing. */
  uses?(use: Use): boolean;
  /** Cut what goes on and close: a drain's deadline has come, or the process leaves. */
  cut(): void;
}
