/**
 * Sōzu's orders on certificates. Their listener is `front`, and `address` since 0.14.
 */
import { z } from "zod";
import { changeOf } from "./action.ts";
import {
  anything,
  type DialectEntries,
  entryOf,
  fieldsOf,
  given,
  maybe,
  text,
  texts,
  address,
} from "./entry.ts";
import { addressFieldOf } from "./listeners.ts";

const TLS_VERSIONS = 2;

const certificate = fieldsOf({
  certificate: text,
  certificate_chain: maybe(texts),
  key: text,
  versions: maybe(z.array(z.unknown())),
  names: maybe(texts),
});
const where = { front: maybe(address), address: maybe(address) };

const addSchema = fieldsOf({ ...where, certificate, names: maybe(texts), expired_at: maybe(anything) });
const replaceSchema = fieldsOf({
  ...where,
  new_certificate: certificate,
  old_fingerprint: text,
  old_names: maybe(texts),
  new_names: maybe(texts),
  new_expired_at: maybe(anything),
});
const removeSchema = fieldsOf({ ...where, fingerprint: text, names: maybe(texts) });

type Sent = z.infer<typeof certificate>;
type Names = readonly string[] | null | undefined;

export const CERTIFICATE_ENTRIES: DialectEntries = {
  ADD_CERTIFICATE: entryOf(addSchema, (data) => {
    const listener = addressFieldOf(data);
    if (!listener.ok) return listener;
    const sent = sentOf(data.certificate, data.names);
    const leftOut = leftOutOf(data.certificate, data.expired_at);
    return changeOf([["ADD_CERTIFICATE", { listener: listener.value, ...sent }]], { leftOut });
  }),
  REPLACE_CERTIFICATE: entryOf(replaceSchema, (data) => {
    const listener = addressFieldOf(data);
    if (!listener.ok) return listener;
    const { old_fingerprint } = data;
    const sent = sentOf(data.new_certificate, data.new_names);
    const leftOut = leftOutOf(data.new_certificate, data.new_expired_at);
    const replacement = { listener: listener.value, old_fingerprint, ...sent };
    return changeOf([["REPLACE_CERTIFICATE", replacement]], { leftOut });
  }),
  REMOVE_CERTIFICATE: entryOf(removeSchema, (data) => {
    const listener = addressFieldOf(data);
    if (!listener.ok) return listener;
    const { fingerprint } = data;
    return changeOf([["REMOVE_CERTIFICATE", { listener: listener.value, fingerprint }]]);
  }),
};

/** No names: those that the certificate has itself. */
function sentOf({ certificate: pem, certificate_chain: chain, key, names: own }: Sent, names: Names): object {
  const all = names?.length ? names : own;
  return { certificate: pem, key, ...given({ chain, names: all?.length ? all : undefined }) };
}

function leftOutOf({ versions }: Sent, expiredAt: unknown): string[] {
  return [
    ...(versions?.length && versions.length < TLS_VERSIONS ? ["versions of a certificate"] : []),
    ...(typeof expiredAt === "number" ? ["expired_at"] : []),
  ];
}
