/**
 * From a frame in Sōzu's words to what it asks for. Three envelopes, by version of Sōzu:
 *
 * ```text
 *  0.11 to 0.14.2        {"id":"7","version":0,"type":"PROXY","data":{"type":"ADD_BACKEND","data":{…}}}
 *  0.14.3 to 0.15        {"request_type":{"ADD_BACKEND":{…}}}
 *  state files from 1.0  {"id":"SAVE-7","content":{"request_type":{"ADD_BACKEND":{…}}}}
 * ```
 *
 * Rules of this file:
 *  1. A frame is in one form: fields of two of them, or of ours, are refused, never guessed at.
 *  2. Nothing that it says is dropped silently: an unknown field or order is refused.
 */
import { fail, ok, type Result } from "../../base/result.ts";
import { isOrderType } from "../catalogue/catalogue.ts";
import { shortened } from "../field-path.ts";
import type { OrderError } from "../errors.ts";
import { ORDER_ID_CHARS_MAX } from "../limits.ts";
import { didYouMean } from "../suggest.ts";
import { type ChangeAction, type DialectAction, type Translation, withoutEquivalent } from "./action.ts";
import type { AnswerForm } from "./answer-form.ts";
import { APPLICATION_ENTRIES } from "./applications.ts";
import { CERTIFICATE_ENTRIES } from "./certificates.ts";
import type { DialectEntries } from "./entry.ts";
import { FRONTEND_ENTRIES } from "./frontends.ts";
import { LISTENER_ENTRIES } from "./listeners.ts";
import { PROXY_ENTRIES, TOP_LEVEL_ENTRIES } from "./top-level.ts";

/** What stands inside of `PROXY`. */
const INNER: DialectEntries = {
  ...LISTENER_ENTRIES,
  ...APPLICATION_ENTRIES,
  ...FRONTEND_ENTRIES,
  ...CERTIFICATE_ENTRIES,
  ...PROXY_ENTRIES,
};
/** The names of all orders of Sōzu that are known. */
const DIALECT_TYPES: readonly string[] = [...Object.keys(TOP_LEVEL_ENTRIES), ...Object.keys(INNER)];

const OUTER_FIELDS: readonly string[] = ["id", "version", "worker_id", "type", "data", "request_type"];
const INNER_FIELDS: readonly string[] = ["type", "data"];
const OURS_ONLY: readonly string[] = ["if_revision", "dry_run"];

/** An order of Sōzu, understood. */
export interface DialectOrder {
  /** Absent: its form has none, and its answers neither. */
  readonly id?: string;
  readonly form: AnswerForm;
  /** It is for this worker alone. */
  readonly workerId?: number;
  readonly action: DialectAction;
}

/** Why a frame is no order, and how that is answered. */
export interface RefusedDialect {
  readonly form: AnswerForm;
  readonly error: OrderError;
}

/** Whether a frame claims to be Sōzu's: by `"version": 0`, or by `request_type` and no version. */
export function isDialectFrame(frame: Readonly<Record<string, unknown>>): boolean {
  const { version } = frame;
  return version === 0 || (version === undefined && Object.hasOwn(frame, "request_type"));
}

/** Reads a frame for which `isDialectFrame` holds. */
export function parseDialectOrder(
  frame: Readonly<Record<string, unknown>>,
): Result<DialectOrder, RefusedDialect> {
  const form = answerFormOf(frame);
  const fault = findEnvelopeFault(frame);
  if (fault !== undefined) return fail({ form, error: fault });
  const { worker_id: workerId } = frame;
  const translated = translate(frame);
  if (!translated.ok) return fail({ form, error: translated.error });
  const action = translated.value;
  if (typeof workerId === "number" && !ONE_WORKERS.has(action.kind)) {
    const instead = "all workers have the same configuration, and a worker that stops is replaced";
    return fail({ form, error: withoutEquivalent("this order to one worker", instead) });
  }
  return ok({
    ...(form.id !== undefined && { id: form.id }),
    form,
    ...(typeof workerId === "number" && { workerId }),
    action,
  });
}

/** Reads a record of a state file. Only orders that change objects belong there. */
export function parseDialectRecord(
  record: Readonly<Record<string, unknown>>,
): Result<ChangeAction, OrderError> {
  const { content, ...rest } = record;
  const isNewer = content !== undefined;
  const frame = isNewer && isObject(content) ? { ...rest, ...content } : record;
  const fault = isNewer && Object.hasOwn(rest, "type") ? mixed("content", "type") : findFieldFault(frame);
  if (fault !== undefined) return fail(fault);
  const { version = 0 } = frame;
  if (version !== 0) return fail({ code: "UNSUPPORTED_VERSION", message: "its version is not 0" });
  const translated = translate(frame);
  if (!translated.ok) return translated;
  if (translated.value.kind === "change") return ok(translated.value);
  return fail({ code: "STATE_FILE_INVALID", message: "this order does not belong in a state file" });
}

/** What may be asked of one worker alone. */
const ONE_WORKERS: ReadonlySet<DialectAction["kind"]> = new Set(["alive", "metrics", "applications"]);

/** Two words for the same thing, of which one has to go. */
function mixed(one: string, other: string): OrderError {
  const message = `${one} and ${other} do not go together: they are of two forms of orders; send one form`;
  return { code: "INVALID_FIELD", message, field: other };
}

function findFieldFault(frame: Readonly<Record<string, unknown>>): OrderError | undefined {
  if (Object.hasOwn(frame, "request_type")) {
    for (const name of ["type", "data"]) if (Object.hasOwn(frame, name)) return mixed("request_type", name);
  }
  for (const name of Object.keys(frame)) {
    if (OURS_ONLY.includes(name)) return mixed("version 0", name);
    if (!OUTER_FIELDS.includes(name)) return unknownField(name);
  }
  return undefined;
}

function findEnvelopeFault(frame: Readonly<Record<string, unknown>>): OrderError | undefined {
  const { id, worker_id: workerId } = frame;
  const mayLackId = Object.hasOwn(frame, "request_type") && id === undefined;
  if (!mayLackId && !isId(id)) {
    const message = `id must be a string of 1 to ${ORDER_ID_CHARS_MAX} characters`;
    return { code: "BAD_ORDER", message, field: "id" };
  }
  if (workerId !== undefined && workerId !== null && !Number.isSafeInteger(workerId))
    return { code: "BAD_ORDER", message: "worker_id must be a worker's number", field: "worker_id" };
  return findFieldFault(frame);
}

function translate(frame: Readonly<Record<string, unknown>>): Translation {
  const { request_type: request, type, data } = frame;
  if (request !== undefined) return translateRequest(request);
  if (type === "PROXY") return translateInner(data);
  if (type === "STATUS") return translateNamed(STATUS_OF_WORKERS, type, data);
  if (typeof type === "string" && Object.hasOwn(INNER, type)) {
    const message = `in version 0, ${type} stands inside of PROXY; as an order of its own it needs "version": 1`;
    return fail({ code: "BAD_ORDER", message, field: "type" });
  }
  return translateNamed(TOP_LEVEL_ENTRIES, type, data);
}

function translateInner(data: unknown): Translation {
  if (!isObject(data))
    return fail({ code: "BAD_ORDER", message: "data of PROXY must be an object", field: "data" });
  const unknown = Object.keys(data).find((name) => !INNER_FIELDS.includes(name));
  if (unknown !== undefined) return fail(unknownField(`data.${unknown}`));
  return translateNamed(INNER, data["type"], data["data"]);
}

/** One name, and its data. */
function translateRequest(request: unknown): Translation {
  const [name, ...others] = isObject(request) ? Object.keys(request) : [];
  if (name === undefined || others.length > 0) {
    const message = 'request_type must be an object with the name of one order, as in {"LIST_WORKERS": {}}';
    return fail({ code: "BAD_ORDER", message, field: "request_type" });
  }
  const data = (request as Readonly<Record<string, unknown>>)[name];
  return translateNamed({ ...INNER, ...TOP_LEVEL_ENTRIES, ...STATUS_OF_WORKERS }, name, data);
}

/** By itself it asks for the workers; inside of `PROXY`, whether they answer. */
const STATUS_OF_WORKERS: DialectEntries = {
  STATUS: () => ok({ kind: "workers", answer: "STATUS" }),
};

function translateNamed(entries: DialectEntries, type: unknown, data: unknown): Translation {
  if (typeof type !== "string")
    return fail({ code: "BAD_ORDER", message: "type must be the name of an order", field: "type" });
  if (Object.hasOwn(entries, type)) return entries[type]!(data);
  if (isOrderType(type)) {
    const message = `${type} is an order of version 1, and "version" says 0: send one form`;
    return fail({ code: "UNKNOWN_ORDER", message, field: "type" });
  }
  const hint = didYouMean(type.toUpperCase(), DIALECT_TYPES);
  const message = `unknown order "${shortened(type)}"${hint}; what is known of Sōzu is 0.11 to 0.15`;
  return fail({ code: "UNKNOWN_ORDER", message, field: "type" });
}

/** By the words that it uses. What both have in the same words is answered so that both understand it. */
function answerFormOf(frame: Readonly<Record<string, unknown>>): AnswerForm {
  const id = isId(frame["id"]) ? frame["id"] : undefined;
  const known = id === undefined ? {} : { id };
  if (Object.hasOwn(frame, "request_type"))
    return { ...known, isVersioned: frame["version"] === 0, field: "content" };
  const words = wordsOf(frame);
  const field = EARLIER.test(words) ? "data" : LATER.test(words) ? "content" : "either";
  return { id: id ?? "", isVersioned: true, field };
}

const EARLIER = /APPLICATION|_FRONT\b|UPGRADE_MASTER|\bapp_id\b|\bfront\b/;
const LATER = /CLUSTER|_FRONTENDS?\b|CONFIGURE_METRICS|^STATUS\b|\bcluster_id\b|\bnew_expired_at\b/;

/** The names of an order and of its fields, in one text. */
function wordsOf({ type, data }: Readonly<Record<string, unknown>>): string {
  const inner = isObject(data) ? data : {};
  const innermost = isObject(inner["data"]) ? inner["data"] : {};
  return [type, inner["type"], innermost["type"], ...Object.keys(innermost)].join(" ");
}

function unknownField(name: string): OrderError {
  const field = shortened(name);
  return { code: "UNKNOWN_FIELD", message: `an order of version 0 has no field ${field}`, field };
}

function isId(id: unknown): id is string {
  return typeof id === "string" && id.length > 0 && id.length <= ORDER_ID_CHARS_MAX;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
