import assert from "node:assert/strict";
import { test } from "node:test";
import { fail, ok } from "../../base/result.ts";
import { readEntry } from "./entry.ts";
import { complaintsOf } from "./fault.ts";
import { parseConfigurationFile } from "./parse-file.ts";

/** All complaints on a text, as `line:column: message`; PEM files called `missing` are not there. */
function complaintsOn(text: string): readonly string[] {
  const parsed = parseConfigurationFile(text);
  const lines = (complaints: readonly { line: number; column: number; message: string }[]) =>
    complaints.map(({ line, column, message }) => `${line}:${column}: ${message}`);
  if (!parsed.ok) return lines(parsed.error);
  const readPem = (file: string) =>
    file === "missing" ? fail("missing is not there") : ok(`PEM of ${file}`);
  const faults = parsed.value.entries.flatMap((entry) => {
    const read = readEntry(entry, readPem);
    return read.ok ? [] : read.error;
  });
  return lines(complaintsOf(text, faults));
}

test("a file's objects are the orders that add them, with what tables around them give", () => {
  const parsed = parseConfigurationFile(`
[processes]
workers = 2
[[listeners]]
address = "127.0.0.1:8443"
protocol = "https"
client_auth = { ca_files = ["ca.pem"] }
[[listeners.certificates]]
certificate_file = "one.pem"
key_file = "one.key"
[[clusters]]
cluster_id = "app"
tls.ca_files = ["backends.pem"]
[[clusters.backends]]
backend_id = "a"
address = "127.0.0.1:9001"
[[frontends]]
listener = "127.0.0.1:8443"
hostname = "example.com"
cluster_id = "app"
`);
  assert.ok(parsed.ok);
  const { settings, rights, owns, entries } = parsed.value;
  assert.deepEqual(settings, { processes: { workers: 2 }, socket: {}, state: {}, log: {}, limits: {} });
  assert.equal(rights, undefined);
  assert.equal(owns.size, 5);
  const orders = entries.map((entry) => {
    const read = readEntry(entry, (file) => ok(`PEM of ${file}`));
    assert.ok(read.ok);
    return read.value;
  });
  const [listener, cluster, backend, frontend, certificate] = orders as readonly {
    type: string;
    data: Record<string, unknown>;
  }[];
  assert.deepEqual(listener!.data["client_auth"], { ca: ["PEM of ca.pem"], mode: "require" });
  assert.deepEqual(cluster!.data["tls"], { ca: ["PEM of backends.pem"], verify: true });
  assert.equal(backend!.data["cluster_id"], "app");
  assert.equal(frontend!.data["cluster_id"], "app");
  assert.equal(certificate!.data["listener"], "127.0.0.1:8443");
  assert.equal(certificate!.data["key"], "PEM of one.key");
});

test("what is wrong is told with line, column and the nearest right word", () => {
  const cases: readonly (readonly [string, string])[] = [
    ["[proceses]\nworkers = 1", '1:1: unknown key "proceses"; did you mean "processes"?'],
    ["[processes]\nworker = 1", '2:1: unknown key "worker" in processes; did you mean "workers"?'],
    ["[processes]\nworkers = 0", "2:1: processes.workers must be a whole number from 1 to 256"],
    [
      '[processes]\nio = "urin"',
      '2:1: processes.io must be "auto" or "uring" or "node"; did you mean "uring"?',
    ],
    [
      '[[clusters]]\ncluster_id = "a"\nload_balancing = "randon"',
      '3:1: clusters[0].load_balancing must be "round_robin" or "random" or "least_loaded" or "power_of_two" or "hash"; did you mean "random"?',
    ],
    [
      '[[clusters]]\ncluster_id = "a"\n  [[clusters.backends]]\n  backend_id = "b"\n  adress = "1.2.3.4:5"',
      '5:3: unknown key "adress" in clusters[0].backends[0]; did you mean "address"?',
    ],
    ['[[clusters]]\nload_balancing = "random"', "1:1: clusters[0].cluster_id is missing"],
    [
      '[[clusters]]\ncluster_id = "a"\nhealth_check = { path = "/", intervall_ms = 5 }',
      '3:30: unknown key "intervall_ms" in clusters[0].health_check; did you mean "interval_ms"?',
    ],
    ["listeners = 5", "1:1: listeners must be a list of tables, each begun by [[…]]"],
    ["[clusters]\na = 1", "1:1: clusters must be a list of tables, each begun by [[…]]"],
    [
      'owns = ["cluster"]',
      '1:9: owns[0] must be "listeners" or "clusters" or "backends" or "frontends" or "certificates"; did you mean "clusters"?',
    ],
    [
      'owns = []\n[[clusters]]\ncluster_id = "a"',
      "2:1: clusters[0] is one of the clusters, which `owns` leaves to orders",
    ],
    [
      '[[rights]]\nuid = 1\nmay = "writ"',
      '3:1: rights[0].may must be "read" or "write" or "admin"; did you mean "write"?',
    ],
    [
      '[[rights]]\nuid = 1\nmay = "read"\nclusters = ["a"]',
      '4:1: rights[0].clusters goes with may = "write" only',
    ],
    [
      '[[rights]]\nuid = 1\nmay = "read"\n[[rights]]\nuid = 1\nmay = "read"',
      "5:1: rights[1].uid 1 has an entry already: one user has one",
    ],
    ["a = \n", "1:5: not TOML: invalid value"],
    ["[x]\n[x]\n", "2:2: not TOML: trying to redefine an already defined table or value"],
    ["__proto__ = 1", ""],
  ];
  for (const [text, complaint] of cases) {
    const found = complaintsOn(text);
    assert.equal(found.length, 1, `${text}\n${found.join("\n")}`);
    if (complaint !== "") assert.equal(found[0], complaint);
  }
});

test("PEM texts are named by their files; one that is not there is told where it is named", () => {
  const listener = '[[listeners]]\naddress = "127.0.0.1:1"\nprotocol = "https"\n[[listeners.certificates]]\n';
  assert.deepEqual(complaintsOn(`${listener}certificate_file = "a"\nkey_file = "missing"`), [
    "6:1: listeners[0].certificates[0].key_file: missing is not there",
  ]);
  const inline = complaintsOn(`${listener}certificate_file = "a"\nkey_file = "b"\nkey = "SECRET"`);
  assert.deepEqual(inline, ['7:1: unknown key "key" in listeners[0].certificates[0]']);
  assert.deepEqual(complaintsOn(`${listener}certificate_file = "a"`), [
    "4:1: listeners[0].certificates[0].key_file is missing",
  ]);
  assert.deepEqual(complaintsOn('[[clusters]]\ncluster_id = "a"\ntls = { key = "SECRET" }'), [
    "3:9: clusters[0].tls.key is read from a file: name it by key_file",
  ]);
});

test("all that is wrong is told at once, from top to bottom, and not without bound", () => {
  const two = complaintsOn('[log]\nlevle = "info"\n[socket]\nmode = "777x"');
  assert.deepEqual(
    two.map((line) => line.split(":")[0]),
    ["2", "4"],
  );
  const many = Array.from({ length: 50 }, (_, index) => `[[frontends]]\nlistener = "x${index}"`).join("\n");
  assert.equal(complaintsOn(many).length, 20);
});
