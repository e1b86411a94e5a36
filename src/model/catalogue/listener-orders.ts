/**
 * The catalogue's entries on listeners.
 */
import { z } from "zod";
import { HTTPS_DEFAULTS, LISTENER_DEFAULTS as DEFAULTS } from "../defaults.ts";
import { TIMEOUT_MS_MAX } from "../limits.ts";
import type { Protocol } from "../objects.ts";
import { OBJECT_PAGE } from "./page-fields.ts";
import { drainField, drainingField } from "./shared-fields.ts";
import type { CatalogueOf } from "./entry.ts";
import { findTlsField, TLS_FIELDS } from "./tls-fields.ts";
import { addressField, flagField, mustBe, refusedField, wholeNumberField } from "./fields.ts";

const address = addressField("Where it accepts.");
const publicAddress = addressField("The address that clients see, where it is another.");
const acceptProxyProtocol = flagField(
  "Each connection must begin with a PROXY protocol header, which tells its client.",
);
const frontTimeout = timeoutField("How long a client's connection may be silent.");
const backTimeout = timeoutField("How long a backend may be silent.");
const connectTimeout = timeoutField("How long connecting to a backend may take.");
const requestTimeout = timeoutField("How long a request's head may take to arrive.");

const revisionHeader = flagField(
  "Each response says in `X-Kakehi-Revision` which revision of the configuration decided it.",
);

const protocol: z.ZodType<Protocol> = z
  .enum(["http", "https"], {
    error: ({ input }) => {
      if (input === undefined) return "is missing";
      return input === "tcp"
        ? 'is "tcp", which is not served by this version: "http" and "https" are'
        : 'must be "http" or "https"';
    },
  })
  .meta({
    description: "What is spoken there. This version serves `http` and `https`.",
    takes: '"http" or "https"',
  });

const addSchema = z.strictObject(
  {
    address,
    protocol,
    accept_proxy_protocol: acceptProxyProtocol.default(DEFAULTS.accept_proxy_protocol),
    front_timeout_ms: frontTimeout.default(DEFAULTS.front_timeout_ms),
    back_timeout_ms: backTimeout.default(DEFAULTS.back_timeout_ms),
    connect_timeout_ms: connectTimeout.default(DEFAULTS.connect_timeout_ms),
    request_timeout_ms: requestTimeout.default(DEFAULTS.request_timeout_ms),
    public_address: publicAddress.exactOptional(),
    revision_header: revisionHeader.exactOptional().meta({ otherwise: false }),
    draining: drainingField.exactOptional(),
    tls_versions: TLS_FIELDS.tls_versions.exactOptional(),
    cipher_list: TLS_FIELDS.cipher_list.exactOptional(),
    alpn: TLS_FIELDS.alpn.exactOptional(),
    groups: TLS_FIELDS.groups.exactOptional(),
    strict_sni: TLS_FIELDS.strict_sni.exactOptional(),
    default_certificate: TLS_FIELDS.default_certificate.exactOptional(),
    client_auth: TLS_FIELDS.client_auth.exactOptional(),
  },
  mustBe("an object"),
);

/** What TLS needs is filled in for https listeners; the others have none of it. */
const completeSchema = addSchema
  .superRefine((listener, context) => {
    const field = findTlsField(listener);
    if (listener.protocol === "https" || field === undefined) return;
    context.addIssue({ code: "custom", path: [field], message: "is for https listeners only" });
  })
  .transform(({ revision_header: tellsRevision, ...rest }) => {
    const listener = { ...rest, ...(tellsRevision === true && { revision_header: tellsRevision }) };
    return listener.protocol === "https" ? { ...listener, ...HTTPS_DEFAULTS, ...listener } : listener;
  });

const updateSchema = z.strictObject(
  {
    address,
    accept_proxy_protocol: acceptProxyProtocol.nullable().exactOptional(),
    front_timeout_ms: frontTimeout.nullable().exactOptional(),
    back_timeout_ms: backTimeout.nullable().exactOptional(),
    connect_timeout_ms: connectTimeout.nullable().exactOptional(),
    request_timeout_ms: requestTimeout.nullable().exactOptional(),
    public_address: publicAddress.nullable().exactOptional(),
    revision_header: revisionHeader
      .transform((tells) => tells || null)
      .nullable()
      .exactOptional(),
    draining: drainingField.nullable().exactOptional(),
    protocol: refusedField("INVALID_FIELD", "cannot change: remove the listener and add it again"),
    tls_versions: TLS_FIELDS.tls_versions.nullable().exactOptional(),
    cipher_list: TLS_FIELDS.cipher_list.nullable().exactOptional(),
    alpn: TLS_FIELDS.alpn.nullable().exactOptional(),
    groups: TLS_FIELDS.groups.nullable().exactOptional(),
    strict_sni: TLS_FIELDS.strict_sni.nullable().exactOptional(),
    default_certificate: TLS_FIELDS.default_certificate.nullable().exactOptional(),
    client_auth: TLS_FIELDS.client_auth.nullable().exactOptional(),
  },
  mustBe("an object"),
);

export const LISTENER_ORDERS: CatalogueOf<
  "ADD_LISTENER" | "UPDATE_LISTENER" | "REMOVE_LISTENER" | "LIST_LISTENERS"
> = {
  ADD_LISTENER: {
    summary: "Accept connections at an address.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: completeSchema,
    example: { address: "127.0.0.1:8080", protocol: "http" },
    errors: [
      "EXISTS",
      "LIMIT_EXCEEDED",
      "ADDRESS_IN_USE",
      "ADDRESS_REFUSED",
      "NOT_SUPPORTED",
      "INVALID_CERTIFICATE",
    ],
  },
  UPDATE_LISTENER: {
    summary: "Change a listener's fields; what is left out stays, `null` gives the default.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: updateSchema,
    example: { address: "127.0.0.1:8080", front_timeout_ms: 30_000 },
    errors: ["NOT_FOUND", "NOT_SUPPORTED", "INVALID_CERTIFICATE"],
  },
  REMOVE_LISTENER: {
    summary:
      "Accept no more, remove its frontends and certificates, and report until the last exchange has ended.",
    changesState: true,
    right: "write",
    answeredBy: "workers",
    schema: z.strictObject({ address, drain: drainField }, mustBe("an object")),
    example: { address: "127.0.0.1:8080" },
    errors: ["NOT_FOUND"],
  },
  LIST_LISTENERS: {
    summary: "The listeners, sorted by address.",
    changesState: false,
    right: "read",
    answeredBy: "main",
    schema: z.strictObject({ address: address.exactOptional(), ...OBJECT_PAGE }, mustBe("an object")),
    example: {},
    errors: [],
  },
};

function timeoutField(about: string): z.ZodType<number> {
  return wholeNumberField(1, TIMEOUT_MS_MAX, about);
}
