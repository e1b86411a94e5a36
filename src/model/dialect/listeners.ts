/**
 * Sōzu's orders on listeners. There a listener that was added listens when it is activated; ours listen from
 * the beginning.
 */
import type { z } from "zod";
import { fail, ok, type Result } from "../../base/result.ts";
import type { OrderError } from "../errors.ts";
import type { Protocol } from "../objects.ts";
import { changeOf, type Translation } from "./action.ts";
import {
  address,
  anything,
  type DialectEntries,
  entryOf,
  fieldsOf,
  flag,
  given,
  maybe,
  refusedEntry,
  seconds,
  text,
  texts,
  wordOf,
} from "./entry.ts";

const PROTOCOLS = ["http", "https", "tcp"] as const;
const PROTOCOLS_IN_CAPITALS = ["HTTP", "HTTPS", "TCP"] as const;
/** The cookie's name where they do not say one. */
export const STICKY_NAME_DEFAULT = "SOZUBALANCEID";

const where = { front: maybe(address), address: maybe(address) };
const common = {
  ...where,
  public_address: maybe(address),
  expect_proxy: maybe(flag),
  front_timeout: maybe(seconds),
  back_timeout: maybe(seconds),
  connect_timeout: maybe(seconds),
};
const http = {
  ...common,
  request_timeout: maybe(seconds),
  answer_404: maybe(text),
  answer_503: maybe(text),
  sticky_name: maybe(text),
};
const https = {
  ...http,
  versions: maybe(texts),
  cipher_list: maybe(text),
  rustls_cipher_list: maybe(anything),
  tls_provider: maybe(text),
  certificate: maybe(text),
  certificate_chain: maybe(texts),
  key: maybe(text),
};
const httpListener = fieldsOf(http);
const httpsListener = fieldsOf(https);
const tcpListener = fieldsOf(common);
const named = {
  ...where,
  proxy: wordOf(PROTOCOLS).or(wordOf(PROTOCOLS_IN_CAPITALS)),
};

type HttpListener = z.infer<typeof httpListener>;
type HttpsListener = z.infer<typeof httpsListener>;

/** Where a listener is, by the word of one era or the other. */
interface Where {
  readonly front?: string | null | undefined;
  readonly address?: string | null | undefined;
}

export const LISTENER_ENTRIES: DialectEntries = {
  ADD_HTTP_LISTENER: entryOf(httpListener, (data) => addition("http", data)),
  ADD_HTTPS_LISTENER: entryOf(httpsListener, httpsAddition),
  ADD_TCP_LISTENER: entryOf(tcpListener, (data) => addition("tcp", data)),
  REMOVE_LISTENER: entryOf(fieldsOf(named), (data) => {
    const found = addressFieldOf(data);
    if (!found.ok) return found;
    return changeOf([["REMOVE_LISTENER", { address: found.value }]], {
      expects: [isThere(found.value, data)],
    });
  }),
  ACTIVATE_LISTENER: entryOf(fieldsOf({ ...named, from_scm: maybe(flag) }), (data) => {
    const found = addressFieldOf(data);
    return found.ok ? changeOf([], { expects: [isThere(found.value, data)] }) : found;
  }),
  DEACTIVATE_LISTENER: refusedEntry(
    "DEACTIVATE_LISTENER",
    "a listener accepts as long as it is there, and REMOVE_LISTENER removes it",
  ),
};

/** `front` in the words of 0.11 to 0.13, `address` in those of later versions. */
export function addressFieldOf({ front, address: later }: Where): Result<string, OrderError> {
  if (typeof front === "string" && typeof later === "string") {
    const message = "data has front and address, the words of two versions of Sōzu: send one of them";
    return fail({ code: "INVALID_FIELD", message, field: "data.address" });
  }
  const found = front ?? later;
  if (typeof found === "string") return ok(found);
  return fail({ code: "INVALID_FIELD", message: "data.front is missing", field: "data.front" });
}

function isThere(
  found: string,
  { proxy }: { readonly proxy: string },
): { readonly kind: "listener"; readonly address: string; readonly protocol: Protocol } {
  return { kind: "listener", address: found, protocol: proxy.toLowerCase() as Protocol };
}

function addition(
  protocol: Protocol,
  data: HttpListener,
  tls: object = {},
  more: readonly (readonly [string, object])[] = [],
  leftOut: readonly string[] = [],
): Translation {
  const found = addressFieldOf(data);
  if (!found.ok) return found;
  const { public_address, expect_proxy: accept_proxy_protocol } = data;
  const listener = given({
    public_address,
    accept_proxy_protocol,
    front_timeout_ms: milliseconds(data.front_timeout),
    back_timeout_ms: milliseconds(data.back_timeout),
    connect_timeout_ms: milliseconds(data.connect_timeout),
    request_timeout_ms: milliseconds(data.request_timeout),
  });
  return changeOf([["ADD_LISTENER", { address: found.value, protocol, ...listener, ...tls }], ...more], {
    leftOut: [...leftOutOf(data), ...leftOut],
    isDefaultCertificate: more.length > 0,
  });
}

function httpsAddition(data: HttpsListener): Translation {
  const { versions, cipher_list, certificate, certificate_chain: chain, key } = data;
  const found = addressFieldOf(data);
  if (!found.ok) return found;
  if ((typeof certificate === "string") !== (typeof key === "string")) {
    const message = "data.certificate and data.key go together: one of them is missing";
    return fail({ code: "INVALID_FIELD", message, field: "data.key" });
  }
  const tls = given({
    tls_versions: versions?.length === 0 ? undefined : versions,
    cipher_list: cipher_list === "" ? undefined : cipher_list,
  });
  const sent = { listener: found.value, certificate, key, ...given({ chain }) };
  const leftOut = data.tls_provider === "rustls" ? ["tls_provider", "rustls_cipher_list"] : [];
  return addition("https", data, tls, certificate ? [["ADD_CERTIFICATE", sent]] : [], leftOut);
}

/** Pages of their own, and the cookie's name: ours are the same for all. */
function leftOutOf({ answer_404, answer_503, sticky_name }: HttpListener): string[] {
  return [
    ...(answer_404 ? ["answer_404"] : []),
    ...(answer_503 ? ["answer_503"] : []),
    ...(sticky_name && sticky_name !== STICKY_NAME_DEFAULT ? ["sticky_name"] : []),
  ];
}

function milliseconds(count: number | null | undefined): number | undefined {
  return typeof count === "number" ? count * 1_000 : undefined;
}
