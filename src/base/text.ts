/**
 * Text and bytes: UTF-8 both ways. The codecs are part of every JavaScript host but not of the ES library
 * that pure rooms compile with, so the little that we use of them is declared here, once. Nothing else in a
 * pure room names a host's object.
 */

declare class TextDecoder {
  constructor(label: "utf-8", options: { fatal: boolean });
  decode(bytes: Uint8Array): string;
}

declare class TextEncoder {
  encode(text: string): Uint8Array<ArrayBuffer>;
  encodeInto(text: string, into: Uint8Array): { readonly written: number };
}

const strict = new TextDecoder("utf-8", { fatal: true });
const lenient = new TextDecoder("utf-8", { fatal: false });
const encoder = new TextEncoder();

/** The text of UTF-8 bytes, without a byte order mark; `undefined` if they are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

/**
 * The text of bytes that may hold anything: what is not UTF-8 becomes U+FFFD. For showing, never for
 * deciding.
 */
export function decodeUtf8Leniently(bytes: Uint8Array): string {
  return lenient.decode(bytes);
}

/** The UTF-8 bytes of a text; a lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text);
}

/**
 * Writes the same bytes to the beginning of `into`, and gives how many they are. There has to be room for
 * them: three bytes for each UTF-16 unit are always enough.
 */
export function encodeUtf8Into(text: string, into: Uint8Array): number {
  return encoder.encodeInto(text, into).written;
}

/** `1 backend`, `2 backends`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}
