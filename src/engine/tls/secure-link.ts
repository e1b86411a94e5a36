/**
 * A connection that we opened and that is to speak TLS: its machine is made and takes the connection over.
 */
import type { Address } from "../../base/address.ts";
import { fail, ok, type Result } from "../../base/result.ts";
import type { TlsMachine } from "../../tls/machine.ts";
import type { Core } from "../core.ts";
import type { ClusterTls } from "./cluster-tls.ts";

/**
 * Why a connection could not be secured: `undefined` where we lacked a buffer, which says nothing of the
 * backend.
 */
type Refusal = string | undefined;

/** Begins the handshake. The port tells `connected` again when it is complete, or `failed`. */
export function secureLink(
  core: Core,
  connection: number,
  tls: ClusterTls,
  address: Address,
): Result<TlsMachine, Refusal> {
  if (core.tls === undefined) return fail("this worker has no TLS");
  const machine = tls.connect(core.tls.clientContexts, address);
  if (!machine.ok) return fail(machine.error.text);
  return core.tls.port.secure(connection, machine.value) ? ok(machine.value) : fail(undefined);
}
