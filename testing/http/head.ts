/**
 * The head of an HTTP/1 message, read strictly for tests (RFC 9112, sections 2 to 6). Own code on purpose:
 * what the proxy writes is never judged by the proxy's own reader.
 */

/** A message that the reader refuses, with the reason for a report. */
export class MalformedMessage extends Error {
  override readonly name: string = "MalformedMessage";
}

export interface Head {
  /** The head as it came, with its empty line, one character per byte. */
  readonly raw: string;
  readonly startLine: string;
  /** In order, as they came: name and value, the value without the white space around it. */
  readonly fields: readonly (readonly [name: string, value: string])[];
}

export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  | { readonly kind: "until-close" };

const FIELD =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[\x21-\x7e\x80-\xff](?:[\x20-\x7e\t\x80-\xff]*[\x21-\x7e\x80-\xff])?)?)[ \t]*$/;

/** Reads a whole head; `raw` ends with the empty line. Throws `MalformedMessage`. */
export function parseHead(raw: string): Head {
  const [startLine = "", ...lines] = raw.slice(0, -4).split("\r\n");
  return { raw, startLine, fields: lines.map(parseField) };
}

/** Reads field lines, as in a head or a trailer section. */
export function parseField(line: string): readonly [name: string, value: string] {
  const match = FIELD.exec(line);
  if (match === null) throw new MalformedMessage(`no field line: ${JSON.stringify(line)}`);
  return [match[1]!, match[2]!];
}

/** All values of a field, in order. */
export function valuesOf(head: Head, name: string): readonly string[] {
  return head.fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The members of a comma-separated field, in lower case. */
export function tokensOf(head: Head, name: string): readonly string[] {
  const members = valuesOf(head, name).flatMap((value) => value.split(","));
  return members.map((member) => member.trim().toLowerCase()).filter((member) => member !== "");
}

/**
 * What the framing fields say, or `undefined` when there are none. Refuses every combination that two readers
 * could read in two ways.
 */
export function framingOf(head: Head): Framing | undefined {
  const lengths = valuesOf(head, "content-length");
  const codings = valuesOf(head, "transfer-encoding");
  if (lengths.length > 1 || codings.length > 1) throw new MalformedMessage("a framing field is repeated");
  if (lengths.length > 0 && codings.length > 0)
    throw new MalformedMessage("Content-Length with Transfer-Encoding");
  if (codings.length > 0) {
    if (codings[0]!.toLowerCase() !== "chunked")
      throw new MalformedMessage(`Transfer-Encoding: ${codings[0]}`);
    return { kind: "chunked" };
  }
  if (lengths.length === 0) return undefined;
  if (!/^[0-9]{1,15}$/.test(lengths[0]!)) throw new MalformedMessage(`Content-Length: ${lengths[0]}`);
  return { kind: "length", bytes: Number(lengths[0]) };
}
