/** What a peer can do wrong once records are ours: the alert that tells it, and the fault that tells us. */
import type { TlsFault } from "../../tls/faults.ts";

/** Alerts by number (RFC 8446 section 6). */
export const CLOSE_NOTIFY = 0;
const UNEXPECTED_MESSAGE = 10;
const BAD_RECORD_MAC = 20;
const RECORD_OVERFLOW = 22;
const HANDSHAKE_FAILURE = 40;
const ILLEGAL_PARAMETER = 47;
const DECODE_ERROR = 50;
export const USER_CANCELED = 90;

export interface RecordFault {
  readonly fault: TlsFault;
  /** What we say to the peer; nothing to one that has said itself that it is over. */
  readonly alert: number | undefined;
}

function told(alert: number, code: TlsFault["code"], text: string): RecordFault {
  return { alert, fault: { code, text } };
}

type Name =
  | "changed"
  | "tooLong"
  | "tooShort"
  | "unexpected"
  | "malformed"
  | "badUpdate"
  | "useless"
  | "renegotiation";

export const RECORD_FAULTS: Readonly<Record<Name, RecordFault>> = {
  changed: told(BAD_RECORD_MAC, "TLS_BAD_RECORD", "a record that does not decrypt"),
  tooLong: told(RECORD_OVERFLOW, "TLS_BAD_MESSAGE", "a record that is too long"),
  tooShort: told(DECODE_ERROR, "TLS_BAD_MESSAGE", "a record that is too short"),
  unexpected: told(UNEXPECTED_MESSAGE, "TLS_BAD_MESSAGE", "a record or message at the wrong time"),
  malformed: told(DECODE_ERROR, "TLS_BAD_MESSAGE", "a message that cannot be read"),
  badUpdate: told(ILLEGAL_PARAMETER, "TLS_BAD_MESSAGE", "a key update that says neither yes nor no"),
  useless: told(UNEXPECTED_MESSAGE, "TLS_BAD_MESSAGE", "too many records without data"),
  renegotiation: told(HANDSHAKE_FAILURE, "TLS_RENEGOTIATION", "the peer asks to negotiate anew"),
};

export function peerAlert(alert: number): RecordFault {
  const text = `the peer sent alert ${alert}`;
  return { alert: undefined, fault: { code: "TLS_PEER_ALERT", text, alert } };
}
