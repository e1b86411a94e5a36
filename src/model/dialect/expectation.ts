/**
 * What an order of Sōzu takes for granted of the configuration, and ours does not say: judged before the
 * order, in Sōzu's own words where it has some.
 */
import { assertNever } from "../../base/assert.ts";
import { unknownListener } from "../apply/verdict.ts";
import type { OrderError } from "../errors.ts";
import { backendKey, frontendKey } from "../keys.ts";
import type { Protocol } from "../objects.ts";
import type { FrontendKey } from "../orders.ts";
import type { State } from "../state.ts";

export type Expectation =
  /** The listener is there, and speaks this protocol. */
  | { readonly kind: "listener"; readonly address: string; readonly protocol: Protocol }
  /** The backend is there, at this address. */
  | {
      readonly kind: "backend";
      readonly clusterId: string;
      readonly backendId: string;
      readonly address: string;
    }
  /** The frontend is there, and leads to this cluster (`undefined`: nowhere). */
  | {
      readonly kind: "frontend";
      readonly protocol: Protocol;
      readonly key: FrontendKey;
      readonly clusterId: string | undefined;
    }
  /** There are no TCP frontends: none of them can be removed. */
  | { readonly kind: "tcp-frontend"; readonly clusterId: string; readonly address: string };

/** The first that is not so; `undefined` if all are. */
export function findUnmet(state: State, expectations: readonly Expectation[]): OrderError | undefined {
  for (const expectation of expectations) {
    const unmet = unmetOf(state, expectation);
    if (unmet !== undefined) return unmet;
  }
  return undefined;
}

function unmetOf(state: State, expectation: Expectation): OrderError | undefined {
  switch (expectation.kind) {
    case "listener": {
      const { address, protocol } = expectation;
      const listener = state.listeners.get(address);
      if (listener === undefined) return unknownListener(state, address);
      if (listener.protocol === protocol) return undefined;
      const message = `the listener at ${address} speaks ${listener.protocol}, not ${protocol}`;
      return { code: "INVALID_FIELD", message };
    }
    case "backend": {
      const { clusterId: cluster_id, backendId: backend_id, address } = expectation;
      if (state.backends.get(backendKey({ cluster_id, backend_id }))?.address === address) return undefined;
      return notThere(
        `cannot remove backend: application ${cluster_id} has no backends ${backend_id} at ${address}`,
      );
    }
    case "frontend":
      return unmetFrontend(state, expectation);
    case "tcp-frontend":
      return notThere(
        `cannot remove TCP frontend: application ${expectation.clusterId} has no frontends at ${expectation.address}`,
      );
    default:
      return assertNever(expectation);
  }
}

function unmetFrontend(
  state: State,
  { key, protocol, clusterId }: Extract<Expectation, { readonly kind: "frontend" }>,
): OrderError | undefined {
  const frontend = state.frontends.get(frontendKey(key));
  const isThere = frontend !== undefined && frontend.cluster_id === clusterId;
  if (isThere && state.listeners.get(key.listener)?.protocol === protocol) return undefined;
  const path = Object.values(key.path).join("");
  const name = `${protocol.toUpperCase()} frontend`;
  const whose = clusterId === undefined ? "nobody" : `application ${clusterId}`;
  return notThere(
    `cannot remove ${name}: ${whose} has no frontends on ${key.listener} for ${key.hostname} ${path}`,
  );
}

function notThere(message: string): OrderError {
  return { code: "NOT_FOUND", message };
}
