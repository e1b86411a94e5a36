/**
 * The example order and answer of each order. Where an order changes or shows objects, the answer is a real
 * one: the order is applied to a small configuration that the other examples make.
 */
import { type Answer, okAnswer, processingAnswer } from "../../src/model/answers.ts";
import { applyOrder } from "../../src/model/apply.ts";
import { CATALOGUE } from "../../src/model/catalogue/catalogue.ts";
import { parseOrderBody } from "../../src/model/catalogue/parse-order.ts";
import { listObjects } from "../../src/model/list.ts";
import { isChangeOrder, type ListOrder, type Order, type OrderType } from "../../src/model/orders.ts";
import { State } from "../../src/model/state.ts";
import { ordersOf } from "../../testing/model/orders.ts";

const REVISION = 7;
const BUILDING: readonly OrderType[] = ["ADD_LISTENER", "ADD_CLUSTER", "ADD_BACKEND", "ADD_FRONTEND"];

/** An order as a client sends it. */
export function exampleOrder(type: OrderType): object {
  const { example } = CATALOGUE[type];
  return Object.keys(example).length === 0 ? { id: "1", type } : { id: "1", type, data: example };
}

/** Its final answer; of an order that has none, one of the others. */
export function exampleAnswer(type: OrderType): Answer {
  const order = readExample(type);
  const { message, data } = answerTo(order);
  const answer = CATALOGUE[type].isEndless ? processingAnswer : okAnswer;
  return answer({ id: "1", revision: REVISION }, message, data);
}

function answerTo(order: Order): { readonly message: string; readonly data: object } {
  const given = CATALOGUE[order.type].exampleAnswer;
  if (given !== undefined) return given;
  const state = stateBefore(order.type);
  if (isChangeOrder(order)) {
    const applied = applyOrder(state, order);
    if (!applied.ok) throw new Error(`${order.type}: ${applied.error.message}`);
    const isDrained = order.type.startsWith("REMOVE_") && order.type !== "REMOVE_FRONTEND";
    return {
      message: applied.value.message,
      data: { changed: true, ...(isDrained ? { drained_ms: 12 } : {}) },
    };
  }
  if (order.type === "DUMP_STATE") {
    const orders = ordersOf(state);
    return { message: `${orders.length} orders`, data: { orders } };
  }
  if (!order.type.startsWith("LIST_")) throw new Error(`${order.type} has no example answer`);
  const page = listObjects(state, order as ListOrder);
  return { message: `${page.items.length} item${page.items.length === 1 ? "" : "s"}`, data: page };
}

/** What the examples before it make; for what adds nothing, all of them. */
function stateBefore(type: OrderType): State {
  const state = new State();
  const end = BUILDING.indexOf(type);
  for (const before of end === -1 ? BUILDING : BUILDING.slice(0, end)) {
    const order = readExample(before);
    if (isChangeOrder(order)) applyOrder(state, order);
  }
  return state;
}

function readExample(type: OrderType): Order {
  const parsed = parseOrderBody(type, CATALOGUE[type].example);
  if (!parsed.ok) throw new Error(`${type}: ${parsed.error.message}`);
  return parsed.value;
}
