/**
 * The document that a main leaves to the program that it becomes: one JSON object with a
 * format version. Every format that was ever released can be read; `tests/compat/` has one of each.
 *
 * ```text
 *  {"format":"kakehi-main","version":1,"program_version":"0.1.0","main":{"revision":7,…}}
 * ```
 *
 * Rules of this file:
 *  1. What is written is read again before anybody relies on it: by the new program, in the rehearsal.
 *  2. A format that is not known is refused in words, whichever part of it could be read.
 */
import { z } from "zod";
import { fail, ok, type Result } from "../base/result.ts";
import type { CarriedMain } from "./carried.ts";
import { pathText } from "./field-path.ts";

/**
 * The number of what stands here. 2 has Sōzu's orders and deadlines of drains that nobody waits for; 3 has
 * swaps of backends.
 */
export const DOCUMENT_FORMAT = 3;
/** What can be read, too. */
const FORMATS_BEFORE: readonly number[] = [1, 2];

const FORMAT = "kakehi-main";

/** What the document says, and who wrote it. */
export interface UpgradeDocument {
  readonly programVersion: string;
  readonly main: CarriedMain;
}

const fd = z.int().nonnegative();
const count = z.int().nonnegative();
const time = z.number();

/** The first drains had one deadline for all, and waited for each. */
const carriedOrder = z.looseObject({ kind: z.string() }).transform((order): Record<string, unknown> => {
  if (order.kind !== "drain" || order["deadlines"] !== undefined) return order;
  const { deadline, ...rest } = order as { readonly deadline?: object; readonly drains?: unknown };
  const deadlines = deadline === undefined ? [] : [{ ...deadline, drains: rest.drains }];
  return { ...rest, unwaited: [], deadlines };
});

/** Only what would harm us if it were another: what stands deeper was written from our own types. */
const mainSchema = z.looseObject({
  revision: count,
  hash: z.string(),
  state_fd: fd,
  journal_bytes: count.exactOptional(),
  history_fd: fd.exactOptional(),
  socket_lock_fd: fd,
  state_lock_fd: fd.exactOptional(),
  command_socket_fd: fd,
  read_socket_fd: fd.exactOptional(),
  sessions: z.array(
    z.looseObject({
      fd,
      via: z.literal("read").exactOptional(),
      unread: z.string(),
      unsent: z.string(),
      orders: z.array(
        z.looseObject({
          id: z.string(),
          form: z.looseObject({ is_versioned: z.boolean(), field: z.string() }).exactOptional(),
          order: carriedOrder,
        }),
      ),
    }),
  ),
  own_orders: z.array(z.looseObject({ type: z.string(), order: carriedOrder })),
  listeners: z.array(z.looseObject({ address: z.string(), fd })),
  workers: count,
  drains: z.looseObject({
    last: count,
    lasting: z.array(
      z.looseObject({
        drain: count,
        order: z.string(),
        kind: z.string(),
        key: z.string(),
        since_ms: time,
        close_at_ms: time.exactOptional(),
      }),
    ),
  }),
  secrets: z.looseObject({ ticket_keys: z.array(z.looseObject({ name: z.string() })) }),
  events: z.looseObject({ first: count, next: count, events: z.array(z.looseObject({ sequence: count })) }),
  counters: z.record(z.string(), z.number()),
  former_totals: z.record(z.string(), z.unknown()),
  started_ms: time,
  program: z.string().exactOptional(),
  niceness: z.int().exactOptional(),
  demo_fd: fd.exactOptional(),
  configuration_file: z
    .looseObject({
      settings: z.record(z.string(), z.looseObject({})).exactOptional(),
      rights: z.array(z.looseObject({ uid: count, may: z.string() })).exactOptional(),
    })
    .exactOptional(),
});

/** The document as text. */
export function documentText({ programVersion, main }: UpgradeDocument): string {
  return JSON.stringify({
    format: FORMAT,
    version: DOCUMENT_FORMAT,
    program_version: programVersion,
    main,
  });
}

/** Reads a document. The error says what is wrong with it, as a sentence. */
export function parseDocument(text: string): Result<UpgradeDocument, string> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return fail("the document is no JSON");
  }
  const envelope = z
    .looseObject({ format: z.literal(FORMAT), version: z.int(), program_version: z.string() })
    .safeParse(value);
  if (!envelope.success) return fail("the document is not one of a main");
  const { version, program_version: programVersion, main } = envelope.data;
  if (version !== DOCUMENT_FORMAT && !FORMATS_BEFORE.includes(version))
    return fail(`the document has format ${version}, and this program knows ${DOCUMENT_FORMAT}`);
  const parsed = mainSchema.safeParse(main);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return fail(`the document is damaged at ${pathText(["main", ...issue!.path])}: ${issue!.message}`);
  }
  return ok({ programVersion, main: parsed.data as unknown as CarriedMain });
}
