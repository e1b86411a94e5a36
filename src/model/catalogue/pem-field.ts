/**
 * Certificates and keys as fields: PEM, or DER in base64. Only their sizes are judged here; what they hold is
 * read by main.
 */
import { z } from "zod";
import { AUTHORITIES_MAX, CHAIN_CERTIFICATES_MAX, PEM_CHARS_MAX } from "../limits.ts";
import { type IssueParams, mustBe } from "./fields.ts";

/** A text of PEM, or DER in base64. One that is too large is refused before anybody looks at it. */
export function pemField(about: string): z.ZodType<string> {
  const takes = "a PEM text";
  const params: IssueParams = { code: "INVALID_CERTIFICATE" };
  return z
    .string(mustBe(takes))
    .refine((text) => text.length <= PEM_CHARS_MAX, {
      error: `is too large: it may have at most ${PEM_CHARS_MAX} characters`,
      params,
      abort: true,
    })
    .refine((text) => text.trim() !== "", { error: "is empty", params })
    .meta({ description: about, takes });
}

/** Whether the field takes it. */
export function isPemSized(value: unknown): value is string {
  return typeof value === "string" && value.length <= PEM_CHARS_MAX && value.trim() !== "";
}

/** The certificates between one and its root. */
export function chainField(): z.ZodType<string[]> {
  return z
    .array(pemField("A certificate."), mustBe("a list of PEM texts"))
    .max(CHAIN_CERTIFICATES_MAX, mustBe(`a list of at most ${CHAIN_CERTIFICATES_MAX} PEM texts`))
    .meta({
      description: "The certificates between it and its root, each signed by the next.",
      takes: "list of PEM texts",
    });
}

/** Whom to trust to have signed others' certificates; each text may hold several. */
export function authoritiesField(about: string): z.ZodType<string[]> {
  return z
    .array(pemField("A certificate."), mustBe("a list of PEM texts"))
    .min(1, mustBe("a list of PEM texts, and not empty"))
    .max(AUTHORITIES_MAX, mustBe(`a list of at most ${AUTHORITIES_MAX} PEM texts`))
    .meta({ description: about, takes: "list of PEM texts" });
}
