/**
 * What the catalogue says of one order. Checking, types, help and the documents come from it.
 */
import type { z } from "zod";
import type { OrderErrorCode } from "../errors.ts";
import type { OrderData, OrderType } from "../orders.ts";
import type { RightLevel } from "../right-level.ts";

export interface CatalogueEntry<Type extends OrderType> {
  /** One sentence for people. */
  readonly summary: string;
  /** Whether it can change the configuration: then `dry_run` is for it too. */
  readonly changesState: boolean;
  /** What whoever gives it must be allowed. */
  readonly right: RightLevel;
  /** Whose work its `OK` stands for: main's alone, or that of every worker. */
  readonly answeredBy: "main" | "workers";
  /** It is answered by `PROCESSING` only, until the connection ends; so is its example. */
  readonly isEndless?: true;
  /** Checks `data` and gives it complete and in canonical form. */
  readonly schema: z.ZodType<OrderData[Type]>;
  /** `data` as a client writes it. */
  readonly example: Readonly<Record<string, unknown>>;
  /** What the `OK` to the example says; made by applying it where the order changes objects. */
  readonly exampleAnswer?: { readonly message: string; readonly data: object };
  /** The codes of its own, besides those that every order may get. */
  readonly errors: readonly OrderErrorCode[];
}

/** The entries of some orders. */
export type CatalogueOf<Types extends OrderType> = { readonly [Type in Types]: CatalogueEntry<Type> };
