/**
 * Orders as a caller writes them: without an id, and without what has a default. What is missing or wrong is
 * told by the proxy; the types only help to write.
 */
import type { AnswerDataOf } from "../model/answer-data.ts";
import type { OrderData, OrderType } from "../model/orders.ts";

/** An order to send. Of an order that this version knows, `data` has its fields; of another, any. */
export interface OrderToSend<Type extends string = string> {
  readonly type: Type;
  readonly data?: Type extends OrderType ? Written<OrderData[Type]> : object;
  /** Only if the configuration is still at this revision. */
  readonly if_revision?: number;
  /** Answer what would change, and change nothing. */
  readonly dry_run?: boolean;
}

/** The `data` of an order's OK. */
export type AnswerDataTo<Type extends string> = Type extends OrderType
  ? AnswerDataOf<Type>
  : Readonly<Record<string, unknown>>;

/** All fields optional, `drain` and its like included. */
type Written<Fields> = { readonly [Name in keyof Fields]?: Fields[Name] | WrittenPart<Fields[Name]> };
type WrittenPart<Field> = Field extends object ? Partial<Field> : never;
