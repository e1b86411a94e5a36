/**
 * The fields `limit` and `after` of the lists. A page of objects begins behind a text in the order of their
 * keys (`../list.ts`): that of the last object of the page before, which may be gone meanwhile, or any other,
 * as completion uses it. A page of connections begins behind a place that workers know.
 */
import type { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { PAGE_LIMIT_DEFAULT } from "../defaults.ts";
import { AFTER_CHARS_MAX, PAGE_ITEMS_MAX } from "../limits.ts";
import { textField, wholeNumberField } from "./fields.ts";

export interface PageFields {
  readonly limit: z.ZodDefault<z.ZodType<number>>;
  readonly after: z.ZodExactOptional<z.ZodType<string>>;
}

const NEXT = "the `next` of an answer";

export const OBJECT_PAGE: PageFields = pageOf({
  takes: `${NEXT}, or any text`,
  about: "Lists what sorts behind it, by key, in the order of UTF-16.",
  isPlace: (text) => text !== "",
});

/** A worker's number, and a connection's there. */
export const CONNECTION_PAGE: PageFields = pageOf({
  takes: NEXT,
  about: "Lists what follows it: the `next` of the answer before.",
  isPlace: (text) => /^\d{1,9}:\d{1,9}$/.test(text),
});

interface PageWords {
  readonly takes: string;
  readonly about: string;
  readonly isPlace: (text: string) => boolean;
}

function pageOf({ takes, about, isPlace }: PageWords): PageFields {
  const after = textField({ takes, about }, (text) =>
    text.length <= AFTER_CHARS_MAX && isPlace(text) ? ok(text) : fail(`must be ${takes}`),
  );
  return {
    limit: wholeNumberField(1, PAGE_ITEMS_MAX, "How many items at most.").default(PAGE_LIMIT_DEFAULT),
    after: after.exactOptional(),
  };
}
