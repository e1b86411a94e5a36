/**
 * How an order is answered, and who is: any number of `processing`, then `ok` or `refuse`, once. Who answers
 * need not know by what way it goes there.
 */
import type { Author } from "../../model/author.ts";
import type { OrderError } from "../../model/errors.ts";
import type { Via } from "./sender.ts";
import type { CarriedOrder } from "../../model/carried.ts";

/** What the next program goes on with, of an order in flight. */
export type CarriesOn = (() => CarriedOrder) | undefined;

export interface Reply {
  /** Who asked. */
  readonly author: Author;
  /** And by which way. */
  readonly via: Via;
  /** Not final. Left out where the client does not read what it was told before. */
  processing(message: string, data: unknown, revision: number): void;
  /** False: the client has enough to read, and progress would only wait. */
  readonly hasRoom: boolean;
  /** Calls `more`, once, when the client has read some. Nothing after it left. */
  onRoom(more: () => void): void;
  /** `data`: a value, or one that is JSON already (`written-json.ts`); who wants no data leaves it out. */
  ok(message: string, data: unknown, revision: number): void;
  refuse(error: OrderError, revision: number): void;
  /**
   * From now on it may be carried over: `describe` says, whenever main is to become another program, how that
   * one goes on with it. `undefined`: it cannot be any more, and is over soon.
   */
  carry(describe: CarriesOn): void;
  /**
   * It may take long, and cannot be carried over yet: main becomes no other program meanwhile. `order` is
   * what it is called, in the answer that says so.
   */
  lasts(order: string): void;
  /** Calls `gone` if the client leaves before the final answer. */
  onGone(gone: () => void): void;
}
