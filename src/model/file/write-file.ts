/**
 * A configuration as a person would write its file: what is as by default is left out, backends stand in
 * their clusters. PEM texts were read from files that are not known any more: a comment stands where they
 * belong.
 */
import { stringify } from "smol-toml";
import {
  BACKEND_DEFAULTS,
  CLUSTER_DEFAULTS,
  HTTPS_DEFAULTS,
  LISTENER_DEFAULTS,
  PATH_DEFAULT,
} from "../defaults.ts";
import { areEqual } from "../equal.ts";
import type { Backend, Certificate, Cluster, Frontend, Listener } from "../objects.ts";
import type { ChangeOrder } from "../orders.ts";
import { fileNameOf } from "./entry.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The text of a file with the objects that these orders add, as `DUMP_STATE` gives them. */
export function configurationText(orders: readonly ChangeOrder[]): string {
  const backends = grouped<Backend>(orders, "ADD_BACKEND", ({ cluster_id }) => cluster_id);
  const certificates = grouped<Certificate>(orders, "ADD_CERTIFICATE", ({ listener }) => listener);
  const tables: string[] = [];
  for (const { type, data } of orders) {
    if (type === "ADD_LISTENER") tables.push(listenerText(data, certificates.get(data.address) ?? []));
    if (type === "ADD_CLUSTER") tables.push(clusterText(data, backends.get(data.cluster_id) ?? []));
    if (type === "ADD_FRONTEND") tables.push(frontendText(data));
  }
  return tables.join("\n");
}

function listenerText(listener: Listener, certificates: readonly Certificate[]): string {
  const { client_auth: clientAuth, ...fields } = without(listener, {
    ...LISTENER_DEFAULTS,
    ...HTTPS_DEFAULTS,
  });
  const shown =
    clientAuth === undefined ? fields : { ...fields, client_auth: { mode: listener.client_auth?.mode } };
  const comments = [
    ...(clientAuth === undefined ? [] : [missing(`client_auth.${fileNameOf("ca")}`)]),
    ...certificates.map(certificateComment),
  ];
  return tableText("listeners", shown, comments);
}

function clusterText(cluster: Cluster, backends: readonly Backend[]): string {
  const fields = without(cluster, CLUSTER_DEFAULTS);
  const comments: string[] = [];
  const tls = Object.entries(cluster.tls ?? {}).filter(([name]) => {
    const fileName = fileNameOf(name);
    if (fileName !== name) comments.push(missing(`tls.${fileName}`));
    return fileName === name;
  });
  const shown = cluster.tls === undefined ? fields : { ...fields, tls: Object.fromEntries(tls) };
  const inner = backends.map((backend) => {
    const { cluster_id: _, ...rest } = without(backend, BACKEND_DEFAULTS);
    return rest;
  });
  return tableText("clusters", inner.length === 0 ? shown : { ...shown, backends: inner }, comments);
}

function frontendText(frontend: Frontend): string {
  return tableText("frontends", without(frontend, { path: PATH_DEFAULT, tags: {} }), []);
}

function tableText(name: string, fields: Fields, comments: readonly string[]): string {
  const text = stringify({ [name]: [fields] });
  return `${comments.map((line) => `# ${line}\n`).join("")}${text.trim()}\n`;
}

/** The fields that are not what they would be without being said. */
function without(value: object, defaults: object): Fields {
  const otherwise = defaults as Fields;
  return Object.fromEntries(
    Object.entries(value).filter(([name, field]) => name !== "draining" && !areEqual(field, otherwise[name])),
  );
}

function missing(name: string): string {
  return `here belongs ${name}`;
}

function certificateComment({ fingerprint, names }: Certificate): string {
  return `here belongs a certificate for ${names.join(", ")} (${fingerprint})`;
}

function grouped<Value>(
  orders: readonly ChangeOrder[],
  type: ChangeOrder["type"],
  groupOf: (value: Value) => string,
): ReadonlyMap<string, Value[]> {
  const groups = new Map<string, Value[]>();
  for (const order of orders) {
    if (order.type !== type) continue;
    const value = order.data as unknown as Value;
    const group = groups.get(groupOf(value));
    if (group === undefined) groups.set(groupOf(value), [value]);
    else group.push(value);
  }
  return groups;
}
