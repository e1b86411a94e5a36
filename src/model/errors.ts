/**
 * Why an order was refused: stable codes with their meaning, their remedy and whose fault they are.
 * `docs/errors.md` is made from this table. Not the faults of HTTP peers: those are `ProtocolViolation`s and
 * never reach the command socket.
 */
import type { HistoryData } from "./answer-data.ts";

/** Who has to act: who sent the order, who runs the machine, or we. */
export type Fault = "client" | "machine" | "proxy";

interface ErrorMeaning {
  readonly fault: Fault;
  readonly meaning: string;
  readonly remedy: string;
}

export const ORDER_ERRORS: Readonly<Record<OrderErrorCode, ErrorMeaning>> = {
  BAD_FRAME: {
    fault: "client",
    meaning: "What stood before the zero byte is not one JSON object in UTF-8.",
    remedy: "Send one JSON object, then one zero byte. The connection goes on.",
  },
  FRAME_TOO_LARGE: {
    fault: "client",
    meaning: "More bytes came without a zero byte than a frame may have. The connection is closed.",
    remedy: "End each order with a zero byte; send a large configuration as many orders or with LOAD_STATE.",
  },
  BAD_ORDER: {
    fault: "client",
    meaning: "The object is not an order: `id`, `type` or another field around `data` is missing or wrong.",
    remedy: "Correct the field that the answer names.",
  },
  UNSUPPORTED_VERSION: {
    fault: "client",
    meaning: "The order asks for a version of the protocol that this proxy does not speak.",
    remedy: "Send version 1, or leave `version` out.",
  },
  UNKNOWN_ORDER: {
    fault: "client",
    meaning: "No order of this name is served.",
    remedy: "Look the name up in docs/orders.md; the message suggests the nearest one.",
  },
  UNKNOWN_FIELD: {
    fault: "client",
    meaning:
      "The order has a field that is not known. It is never ignored, because it may be a mistyped one.",
    remedy: "Correct or remove the field that the answer names.",
  },
  INVALID_FIELD: {
    fault: "client",
    meaning: "A field is missing, of the wrong type, out of its range, or does not go with the other fields.",
    remedy: "Correct the field that the answer names; the message says what it takes.",
  },
  NOT_SUPPORTED: {
    fault: "client",
    meaning:
      "The field or value belongs to the protocol, but this version of the proxy does not act on it yet.",
    remedy: "Leave the field out, or give it its default.",
  },
  DUPLICATE_ID: {
    fault: "client",
    meaning: "An order with this `id` is still in flight on this connection.",
    remedy: "Give each order in flight an `id` of its own.",
  },
  CONFLICT: {
    fault: "client",
    meaning: "The configuration is no longer at the revision that `if_revision` names.",
    remedy: "Look at the configuration as it is now, decide again, and send the order with the new revision.",
  },
  REVISION_GONE: {
    fault: "client",
    meaning:
      "History does not reach back to this revision any more; `error.oldest` is the oldest one that it does.",
    remedy: "Name a revision that is there, or keep more: --history-revisions and --history-size.",
  },
  HISTORY_DAMAGED: {
    fault: "machine",
    meaning: "What is kept of the history is not what was written. Nothing was changed.",
    remedy: "Look at the disk; the message names the place. Newer revisions may still be whole.",
  },
  EXISTS: {
    fault: "client",
    meaning: "A different object stands under the same key; `error.existing` shows it.",
    remedy: "Send an UPDATE order, or remove the object first.",
  },
  NOT_FOUND: {
    fault: "client",
    meaning: "There is no object under this key.",
    remedy: "List the objects; the message suggests a key that is near.",
  },
  UNKNOWN_CLUSTER: {
    fault: "client",
    meaning: "The order names a cluster that does not exist.",
    remedy: "Add the cluster first, or correct `cluster_id`.",
  },
  UNKNOWN_LISTENER: {
    fault: "client",
    meaning: "The order names a listener that does not exist.",
    remedy: "Add the listener first, or correct the address.",
  },
  UNKNOWN_WORKER: {
    fault: "client",
    meaning: "There is no worker of this number.",
    remedy: "STATUS lists the workers.",
  },
  LAST_WORKER: {
    fault: "client",
    meaning: "No other worker accepts connections: without this one, nobody would.",
    remedy: "UNDRAIN another worker, or run more with SET_WORKERS; to replace this one, send RESTART_WORKER.",
  },
  IN_USE: {
    fault: "client",
    meaning: "Frontends still name the cluster that is to be removed.",
    remedy: 'Remove these frontends first, or remove the cluster with `"cascade": true`.',
  },
  LIMIT_EXCEEDED: {
    fault: "client",
    meaning:
      "The configuration would hold more objects of a kind than it may, or the order is larger than one may be, or a user has more connections to the command socket than one may have.",
    remedy:
      "Remove what is no longer needed, send it in several orders, or close connections; the message names the limit.",
  },
  BACKEND_UNHEALTHY: {
    fault: "machine",
    meaning: "New backends did not answer in time, as every worker asked them. Nothing was changed.",
    remedy: "The message says which and why. Look at the application there, or give it more time.",
  },
  UNDRAINED: {
    fault: "client",
    meaning: "What the order let drain was taken back by UNDRAIN while the order waited, and is used again.",
    remedy: "Ask who sent it. What the order changed besides stands.",
  },
  ADDRESS_IN_USE: {
    fault: "machine",
    meaning: "Another program listens at the address.",
    remedy: "Stop that program, or choose another address.",
  },
  ADDRESS_REFUSED: {
    fault: "machine",
    meaning:
      "The system does not let us listen at the address: no permission, or no such address on this machine.",
    remedy: "Choose a port from 1024 on, or permit lower ones; check that the address is this machine's.",
  },
  INVALID_CERTIFICATE: {
    fault: "client",
    meaning:
      "The certificate, its chain or its key cannot be served: damaged, encrypted, too large, out of order, or expired where that is refused.",
    remedy: "The message says which field and why. What stood there before still serves.",
  },
  KEY_MISMATCH: {
    fault: "client",
    meaning: "The private key is not the one of the certificate.",
    remedy: "Send the key that the certificate was issued for.",
  },
  STATE_FILE_UNREADABLE: {
    fault: "machine",
    meaning: "The state file cannot be opened or read.",
    remedy: "Check the path and its permissions; the message has the system's reason.",
  },
  STATE_FILE_UNWRITABLE: {
    fault: "machine",
    meaning: "The state file cannot be written. What stood there before is untouched.",
    remedy:
      "Check the path, its permissions and the space on the disk; the message has the system's reason. With room again, orders are taken again.",
  },
  STATE_FILE_INVALID: {
    fault: "client",
    meaning: "The state file is cut short or damaged. Nothing of it was applied.",
    remedy: "Use another copy; the message names the record and the byte.",
  },
  STATE_FILE_NEWER: {
    fault: "client",
    meaning: "The state file was written in a format that this version of the proxy does not know.",
    remedy: "Load it with the version that wrote it, or a newer one.",
  },
  FORBIDDEN: {
    fault: "client",
    meaning: "The user who sent the order may not give it, or not for this cluster, or not over this socket.",
    remedy: "Ask whoever keeps the configuration file: `rights` in it says who may do what.",
  },
  CONFIGURATION_UNREADABLE: {
    fault: "machine",
    meaning:
      "The configuration file is not there, cannot be read, is empty, is no text in UTF-8, or takes more time or memory to be read than it may.",
    remedy: "Check the path, its permissions and its size; the message says what it is. Nothing was changed.",
  },
  CONFIGURATION_INVALID: {
    fault: "client",
    meaning: "The configuration file says something that cannot be. Nothing of it was applied.",
    remedy: "Correct it where the message says, by line and column; `kakehi config check` shows all of it.",
  },
  TIMED_OUT: {
    fault: "machine",
    meaning: "What the order waits for did not come in its time.",
    remedy: "Look at STATUS for what is missing, and wait again.",
  },
  WORKER_FAILED: {
    fault: "proxy",
    meaning: "A worker could not do what was asked of it.",
    remedy: "Look at the log; send the order again. If it stays so, report it.",
  },
  UPGRADE_FAILED: {
    fault: "client",
    meaning: "The new program did not start, or could not take over. What ran before goes on.",
    remedy:
      "The message says why; the log has what the program wrote. Send the order again with one that runs.",
  },
  BUSY: {
    fault: "client",
    meaning:
      "Another upgrade or change of workers is under way, and only one can be; or an order that may take long, and that main cannot take along when it becomes another program.",
    remedy: "The message says which order of whom. Wait until it is answered, and send the order again.",
  },
  STOPPING: {
    fault: "machine",
    meaning: "The proxy is stopping and takes no more changes.",
    remedy: "Wait until it runs again.",
  },
};

export type OrderErrorCode =
  | "BAD_FRAME"
  | "FRAME_TOO_LARGE"
  | "BAD_ORDER"
  | "UNSUPPORTED_VERSION"
  | "UNKNOWN_ORDER"
  | "UNKNOWN_FIELD"
  | "INVALID_FIELD"
  | "NOT_SUPPORTED"
  | "DUPLICATE_ID"
  | "CONFLICT"
  | "REVISION_GONE"
  | "HISTORY_DAMAGED"
  | "EXISTS"
  | "NOT_FOUND"
  | "UNKNOWN_CLUSTER"
  | "UNKNOWN_LISTENER"
  | "UNKNOWN_WORKER"
  | "LAST_WORKER"
  | "IN_USE"
  | "LIMIT_EXCEEDED"
  | "BACKEND_UNHEALTHY"
  | "UNDRAINED"
  | "ADDRESS_IN_USE"
  | "ADDRESS_REFUSED"
  | "INVALID_CERTIFICATE"
  | "KEY_MISMATCH"
  | "STATE_FILE_UNREADABLE"
  | "STATE_FILE_UNWRITABLE"
  | "STATE_FILE_INVALID"
  | "STATE_FILE_NEWER"
  | "FORBIDDEN"
  | "CONFIGURATION_UNREADABLE"
  | "CONFIGURATION_INVALID"
  | "TIMED_OUT"
  | "WORKER_FAILED"
  | "UPGRADE_FAILED"
  | "BUSY"
  | "STOPPING";

/** One refusal, as the answer tells it. */
export interface OrderError {
  readonly code: OrderErrorCode;
  /** One sentence with the facts, for people. */
  readonly message: string;
  /** The path of the field at fault, as in `data.cluster_id`. */
  readonly field?: string;
  /** For `EXISTS`: the object that stands there. */
  readonly existing?: unknown;
  /** For `CONFLICT`: what was changed since. */
  readonly history?: HistoryData;
  /** For `REVISION_GONE`: the oldest revision that is there. */
  readonly oldest?: number;
}
