/**
 * The catalogue: every order that is served. An order that is not here does not exist.
 */
import type { OrderType } from "../orders.ts";
import { BACKEND_ORDERS } from "./backend-orders.ts";
import { CERTIFICATE_ORDERS } from "./certificate-orders.ts";
import { CLUSTER_ORDERS } from "./cluster-orders.ts";
import { CONNECTION_ORDERS } from "./connection-orders.ts";
import { DRAIN_ORDERS } from "./drain-orders.ts";
import type { CatalogueOf } from "./entry.ts";
import { FRONTEND_ORDERS } from "./frontend-orders.ts";
import { HISTORY_ORDERS } from "./history-orders.ts";
import { LISTENER_ORDERS } from "./listener-orders.ts";
import { OBSERVATION_ORDERS } from "./observation-orders.ts";
import { PROCESS_ORDERS } from "./process-orders.ts";
import { QUESTION_ORDERS } from "./question-orders.ts";
import { SWAP_ORDERS } from "./swap-orders.ts";
import { TRANSACTION_ORDERS } from "./transaction-orders.ts";

export const CATALOGUE: CatalogueOf<OrderType> = {
  ...LISTENER_ORDERS,
  ...CLUSTER_ORDERS,
  ...FRONTEND_ORDERS,
  ...BACKEND_ORDERS,
  ...CERTIFICATE_ORDERS,
  ...DRAIN_ORDERS,
  ...SWAP_ORDERS,
  ...TRANSACTION_ORDERS,
  ...HISTORY_ORDERS,
  ...QUESTION_ORDERS,
  ...CONNECTION_ORDERS,
  ...OBSERVATION_ORDERS,
  ...PROCESS_ORDERS,
};

/** All names, in the order of the documents. */
export const ORDER_TYPES: readonly OrderType[] = Object.keys(CATALOGUE) as OrderType[];

export function isOrderType(type: string): type is OrderType {
  return Object.hasOwn(CATALOGUE, type);
}
