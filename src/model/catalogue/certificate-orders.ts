/**
 * The catalogue's entries on certificates. Only their form is checked here; what they hold is read by main.
 */
import { z } from "zod";
import { parseCertificateName } from "../hostname.ts";
import { CERTIFICATE_NAMES_MAX } from "../limits.ts";
import type { CertificateKeyType } from "../objects.ts";
import type { CatalogueOf } from "./entry.ts";
import { addressField, choiceField, flagField, mustBe, textField, wholeNumberField } from "./fields.ts";
import { fingerprintField } from "./fingerprint-field.ts";
import { chainField, pemField } from "./pem-field.ts";
import { OBJECT_PAGE } from "./page-fields.ts";
import { drainField, replacementDrainField } from "./shared-fields.ts";

const TIME_MS_MAX = 8_640_000_000_000_000;
const KEY_TYPES: readonly CertificateKeyType[] = ["rsa", "ecdsa-p256", "ecdsa-p384", "ecdsa-p521", "ed25519"];
const FOUND_OUT = "Found out by the proxy; need not be sent.";

const listener = addressField("The https listener that it serves on.");
const names = z
  .array(
    textField({ takes: 'a host name or "*.example.com"', about: "A host name." }, parseCertificateName),
    mustBe("a list of host names"),
  )
  .max(CERTIFICATE_NAMES_MAX, mustBe(`a list of at most ${CERTIFICATE_NAMES_MAX} host names`))
  .transform((list) => [...new Set(list)])
  .meta({
    description: "The host names that it serves; without it, those that it has itself.",
    takes: "list of host names",
  });

const sent = {
  listener,
  certificate: pemField("The certificate. What follows it in the text is the beginning of its chain."),
  chain: chainField().default(() => []),
  key: pemField("Its private key, not encrypted. It is never sent back."),
  names: names.exactOptional(),
  reject_expired: flagField("Refuse a certificate that has expired.").default(false),
  fingerprint: fingerprintField(FOUND_OUT).exactOptional(),
  key_type: choiceField(KEY_TYPES, FOUND_OUT).exactOptional(),
  not_before_ms: timeField(FOUND_OUT).exactOptional(),
  not_after_ms: timeField(FOUND_OUT).exactOptional(),
};

const listSchema = z.strictObject(
  {
    listener: listener.exactOptional(),
    fingerprint: fingerprintField("That of the certificate's DER.").exactOptional(),
    name: textField(
      {
        takes: 'a host name or "*.example.com"',
        about: "Those that serve this host name, by it or by a wildcard; of a wildcard, those that have it.",
      },
      parseCertificateName,
    ).exactOptional(),
    expires_before_ms: timeField(
      "Those that expire before this time, in milliseconds since 1970.",
    ).exactOptional(),
    ...OBJECT_PAGE,
  },
  mustBe("an object"),
);

const FINGERPRINT_EXAMPLE = "a3".repeat(32);
const EXAMPLE = {
  listener: "127.0.0.1:8443",
  certificate: "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n",
  chain: ["-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n"],
  key: "-----BEGIN PRIVATE KEY-----\n…\n-----END PRIVATE KEY-----\n",
};

export const CERTIFICATE_ORDERS: CatalogueOf<
  "ADD_CERTIFICATE" | "REPLACE_CERTIFICATE" | "REMOVE_CERTIFICATE" | "LIST_CERTIFICATES"
> = {
  ADD_CERTIFICATE: {
    summary: "Serve a certificate on an https listener: new handshakes for its names get it.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject(sent, mustBe("an object")),
    example: EXAMPLE,
    exampleAnswer: {
      message: `certificate ${FINGERPRINT_EXAMPLE} for example.com added to listener 127.0.0.1:8443`,
      data: { changed: true },
    },
    errors: ["INVALID_CERTIFICATE", "KEY_MISMATCH", "EXISTS", "UNKNOWN_LISTENER", "LIMIT_EXCEEDED"],
  },
  REPLACE_CERTIFICATE: {
    summary: "Put a certificate in the place of another: every handshake gets one of the two, whole.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject(
      {
        ...sent,
        old_fingerprint: fingerprintField("That of the certificate that goes."),
        drain: replacementDrainField,
      },
      mustBe("an object"),
    ),
    example: { ...EXAMPLE, old_fingerprint: "5b".repeat(32) },
    exampleAnswer: {
      message: `certificate ${FINGERPRINT_EXAMPLE} for example.com has replaced ${"5b".repeat(32)}; 2 connections remain`,
      data: { fingerprint: FINGERPRINT_EXAMPLE, changed: true, connections: 2 },
    },
    errors: ["INVALID_CERTIFICATE", "KEY_MISMATCH", "EXISTS", "NOT_FOUND", "UNKNOWN_LISTENER"],
  },
  REMOVE_CERTIFICATE: {
    summary: "Serve a certificate no more, and report until the last session on it has ended.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject(
      { listener, fingerprint: fingerprintField("That of the certificate's DER."), drain: drainField },
      mustBe("an object"),
    ),
    example: { listener: "127.0.0.1:8443", fingerprint: FINGERPRINT_EXAMPLE },
    exampleAnswer: {
      message: `certificate ${FINGERPRINT_EXAMPLE} removed from listener 127.0.0.1:8443`,
      data: { changed: true, connections: 0, drained_ms: 40 },
    },
    errors: ["NOT_FOUND"],
  },
  LIST_CERTIFICATES: {
    summary: "The certificates without their keys and texts, sorted by listener and fingerprint.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: listSchema,
    example: { name: "www.example.com" },
    exampleAnswer: {
      message: "1 item",
      data: {
        items: [
          {
            listener: "127.0.0.1:8443",
            fingerprint: FINGERPRINT_EXAMPLE,
            names: ["example.com", "*.example.com"],
            key_type: "ecdsa-p256",
            not_before_ms: 1_790_000_000_000,
            not_after_ms: 1_797_776_000_000,
          },
        ],
        next: null,
      },
    },
    errors: [],
  },
};

/** Whether it is a kind of key that certificates are served with. */
export function isCertificateKeyType(value: unknown): value is CertificateKeyType {
  return (KEY_TYPES as readonly unknown[]).includes(value);
}

/** Whether it is a time that a date can tell (ECMA-262 section 21.4.1.1), in milliseconds since 1970. */
export function isTimeMs(value: unknown): value is number {
  return Number.isInteger(value) && Math.abs(value as number) <= TIME_MS_MAX;
}

function timeField(about: string): z.ZodType<number> {
  return wholeNumberField(-TIME_MS_MAX, TIME_MS_MAX, about);
}
