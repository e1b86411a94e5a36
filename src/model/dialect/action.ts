/**
 * What an order of Sōzu asks for, in our terms. Types, and how to make them: which of their orders becomes
 * which action is in the files beside this one, and what an action does is main's.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { parseOrderBody } from "../catalogue/parse-order.ts";
import type { OrderError } from "../errors.ts";
import { isChangeOrder, type ChangeOrder, type Order } from "../orders.ts";
import type { Expectation } from "./expectation.ts";

/** A change of the configuration: what must be so before it, and our orders for it, all or none. */
export interface ChangeAction {
  readonly kind: "change";
  readonly orders: readonly ChangeOrder[];
  readonly expects: readonly Expectation[];
  /** Fields that change nothing here, in words: they are told in the answer. */
  readonly leftOut: readonly string[];
  /** Of an https listener: the certificate that its orders add serves clients that no other serves. */
  readonly isDefaultCertificate: boolean;
}

/** What they may ask about the applications. */
export type ApplicationQuestion =
  | { readonly by: "id"; readonly clusterId: string }
  | { readonly by: "domain"; readonly hostname: string; readonly pathBegin: string | undefined };

/** Which frontends are listed. */
export interface FrontendFilter {
  readonly http: boolean;
  readonly https: boolean;
  readonly domain: string | undefined;
}

export type DialectAction =
  | ChangeAction
  /** One of our orders, answered without data. */
  | { readonly kind: "order"; readonly order: Order }
  | { readonly kind: "launch-worker" | "metrics" | "events" }
  | { readonly kind: "dump-state" }
  | { readonly kind: "workers"; readonly answer: "WORKERS" | "STATUS" }
  /** OK if the workers that are asked run. */
  | { readonly kind: "alive" }
  | { readonly kind: "save-state" | "load-state"; readonly path: string }
  | { readonly kind: "applications"; readonly question: ApplicationQuestion }
  | { readonly kind: "frontends"; readonly filter: FrontendFilter };

export type Translation = Result<DialectAction, OrderError>;

/** The rest of a change, besides its orders. */
interface ChangeOptions {
  readonly expects?: readonly Expectation[];
  readonly leftOut?: readonly string[];
  readonly isDefaultCertificate?: boolean;
}

/** A change by our orders, given as a client writes them. */
export function changeOf(
  written: readonly (readonly [type: string, data: object])[],
  { expects = [], leftOut = [], isDefaultCertificate = false }: ChangeOptions = {},
): Translation {
  const orders: ChangeOrder[] = [];
  for (const [type, data] of written) {
    const parsed = parseOrderBody(type, data);
    if (!parsed.ok)
      return fail(parsed.error.code === "UNKNOWN_ORDER" ? withoutEquivalent(type) : parsed.error);
    if (isChangeOrder(parsed.value)) orders.push(parsed.value);
  }
  return ok({ kind: "change", orders, expects, leftOut, isDefaultCertificate });
}

/** One of our other orders. */
export function orderOf(type: string, data: object): Translation {
  const parsed = parseOrderBody(type, data);
  if (parsed.ok) return ok({ kind: "order", order: parsed.value });
  return fail(parsed.error.code === "UNKNOWN_ORDER" ? withoutEquivalent(type) : parsed.error);
}

/** What something of theirs that we have not is answered with. `instead` is a sentence's end. */
export function withoutEquivalent(what: string, instead?: string): OrderError {
  const hint = instead === undefined ? "" : `; ${instead}`;
  return { code: "NOT_SUPPORTED", message: `${what} has no equivalent in Kakehi${hint}` };
}
