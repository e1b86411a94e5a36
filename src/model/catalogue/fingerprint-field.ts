/**
 * A certificate's fingerprint as a field: the lower-case hexadecimal SHA-256 of its DER.
 */
import type { z } from "zod";
import { fail, ok } from "../../base/result.ts";
import { textField } from "./fields.ts";

const FINGERPRINT = /^[0-9a-f]{64}$/;
/** 64 digits and the colons between each two. */
const WITH_COLONS_CHARS = 95;

/** As `openssl x509 -fingerprint -sha256` writes it too, in upper case with colons. */
export function fingerprintField(about: string): z.ZodType<string> {
  const takes = "a SHA-256 fingerprint of 64 hexadecimal digits";
  return textField({ takes, about }, (text) => {
    if (isFingerprint(text)) return ok(text);
    const plain = text.length === WITH_COLONS_CHARS ? text.replaceAll(":", "") : text;
    const lower = plain.toLowerCase();
    return isFingerprint(lower) ? ok(lower) : fail(`must be ${takes}`);
  });
}

/** Whether it is one in its one form. */
export function isFingerprint(text: string): boolean {
  return FINGERPRINT.test(text);
}
