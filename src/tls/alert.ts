/**
 * TLS alerts that we send before a machine is there: one plaintext record each, always fatal. What the
 * machine sends after that is its own.
 */

/** The descriptions that are used here, by number (RFC 8446 section 6, RFC 6066 section 9). */
export const ALERTS: {
  readonly unexpected_message: 10;
  readonly record_overflow: 22;
  readonly handshake_failure: 40;
  readonly illegal_parameter: 47;
  readonly decode_error: 50;
  readonly protocol_version: 70;
  readonly internal_error: 80;
  readonly unrecognized_name: 112;
} = {
  unexpected_message: 10,
  record_overflow: 22,
  handshake_failure: 40,
  illegal_parameter: 47,
  decode_error: 50,
  protocol_version: 70,
  internal_error: 80,
  unrecognized_name: 112,
};

export type AlertName = keyof typeof ALERTS;

/** A record's head and its two bytes of alert. */
export const ALERT_RECORD_BYTES = 7;

const ALERT_RECORD = 21;
const FATAL = 2;

/**
 * Writes a fatal alert as a record to `target[at…]` and returns where it ends. The record says TLS 1.2, as
 * every record does once TLS 1.3 is spoken (RFC 8446 section 5.1); older clients look at the 3 alone.
 */
export function writeFatalAlert(target: Uint8Array, at: number, alert: AlertName): number {
  target[at] = ALERT_RECORD;
  target[at + 1] = 3;
  target[at + 2] = 3;
  target[at + 3] = 0;
  target[at + 4] = 2;
  target[at + 5] = FATAL;
  target[at + 6] = ALERTS[alert];
  return at + ALERT_RECORD_BYTES;
}
