/**
 * The events of a proxy as one stream that outlives its connections: after a loss it connects again and goes
 * on behind the last event, so that each comes once, or a `GAP` says which did not.
 */
import { setTimeout } from "node:timers/promises";
import type { EventData } from "../model/events.ts";
import { CannotConnectError, ConnectionLostError } from "./errors.ts";

export interface FollowOptions {
  /** The last event that is known; 0 for all that is kept; without it, what is to come. */
  readonly since?: number;
  /** How long to wait before connecting again [500]. */
  readonly retryMs?: number;
  /** Ends the stream, with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** What it needs of a client. */
interface Subscriber {
  answers(order: {
    readonly type: "SUBSCRIBE_EVENTS";
    readonly data: { readonly since?: number };
  }): AsyncIterable<{
    readonly data: unknown;
  }>;
  close(): void;
}

const RETRY_MS_DEFAULT = 500;

/** Follows over as many connections as it takes. The first one that cannot be made is thrown. */
export async function* followOver(
  connect: () => Promise<Subscriber>,
  options: FollowOptions,
): AsyncGenerator<EventData, never> {
  const { signal, retryMs = RETRY_MS_DEFAULT } = options;
  let { since } = options;
  let client = await connect();
  for (;;) {
    const close = (): void => client.close();
    signal?.addEventListener("abort", close, { once: true });
    try {
      const data = since === undefined ? {} : { since };
      for await (const answer of client.answers({ type: "SUBSCRIBE_EVENTS", data })) {
        const event = answer.data as EventData;
        since = event.sequence;
        yield event;
      }
    } catch (error) {
      if (!(error instanceof ConnectionLostError)) throw error;
    } finally {
      signal?.removeEventListener("abort", close);
      client.close();
    }
    client = await connectAgain(connect, retryMs, signal);
  }
}

async function connectAgain(
  connect: () => Promise<Subscriber>,
  retryMs: number,
  signal: AbortSignal | undefined,
): Promise<Subscriber> {
  for (;;) {
    signal?.throwIfAborted();
    try {
      return await connect();
    } catch (error) {
      if (!(error instanceof CannotConnectError)) throw error;
    }
    // An abort is looked at above, where it has its reason.
    await setTimeout(retryMs, undefined, signal && { signal }).catch(() => undefined);
  }
}
