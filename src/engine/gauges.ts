/**
 * What is there at this moment, for `METRICS`: looked at when somebody asks, so that nothing is counted up
 * and down as connections come and go.
 */
import type { EngineGaugeName } from "../metrics/catalogue.ts";
import type { MetricValue } from "../model/metric-values.ts";
import { BackConnection } from "./back-connection.ts";
import type { Configuration } from "./configuration.ts";
import type { Core } from "./core.ts";
import { LingeringConnection } from "./lingering-connection.ts";
import { TlsAcceptance } from "./tls/tls-acceptance.ts";
import { TunnelSide } from "./tunnel-side.ts";

/** One pass over the connection numbers: some 50 µs for 16,384. */
export function gaugesOf(core: Core, configuration: Configuration): Record<EngineGaugeName, MetricValue> {
  const counts = { back: 0, idle: 0, tunnelSides: 0, handshaking: 0, lingering: 0 };
  for (const owner of core.owners) {
    if (owner === undefined) continue;
    if (owner instanceof BackConnection) {
      counts.back++;
      if (owner.isIdle) counts.idle++;
    } else if (owner instanceof TunnelSide) counts.tunnelSides++;
    else if (owner instanceof TlsAcceptance) counts.handshaking++;
    else if (owner instanceof LingeringConnection) counts.lingering++;
  }
  const tunnels = counts.tunnelSides / 2;
  return {
    connections_open: configuration.sessionCount,
    connections_handshaking: counts.handshaking,
    connections_lingering: counts.lingering,
    tunnels_open: tunnels,
    back_connections_open: counts.back + tunnels,
    back_connections_idle: counts.idle,
    tls_handles: { ...core.tls?.server.handles },
    buffers: buffersOf(core),
  };
}

function buffersOf({ buffers }: Core): Record<string, number> {
  const { count, freeCount, offeredCount } = buffers;
  return { used: count - freeCount - offeredCount, offered: offeredCount, free: freeCount };
}
