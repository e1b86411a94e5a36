import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { ORDER_TYPES } from "./catalogue.ts";
import { parseOrder, type RefusedOrder } from "./parse-order.ts";
import { STICKY_ID_CHARS_MAX } from "../limits.ts";
import type { ReceivedOrder } from "../orders.ts";

const parse = (frame: string) => parseOrder(JSON.parse(frame));

function accepted(frame: string): ReceivedOrder {
  const parsed = parse(frame);
  assert(parsed.ok, parsed.ok ? "" : parsed.error.error.message);
  return parsed.value;
}

function refused(frame: string): RefusedOrder {
  const parsed = parse(frame);
  assert(!parsed.ok, `${frame} was accepted`);
  return parsed.error;
}

/** The code and field that an order is refused with. */
function faultOf(frame: string): string {
  const { code, field } = refused(frame).error;
  return `${code} ${field}`;
}

const withData = (type: string, data: string) => `{"id":"1","type":"${type}","data":${data}}`;
const backend = (fields: string) =>
  withData("ADD_BACKEND", `{"cluster_id":"app","backend_id":"one","address":"127.0.0.1:9001"${fields}}`);
const frontend = (fields: string) =>
  withData("ADD_FRONTEND", `{"listener":"127.0.0.1:80","hostname":"a.b"${fields}}`);

test("an order is read with its defaults filled in and its values in canonical form", () => {
  const data = '{"listener":"[0::1]:80","hostname":"EX.com.","cluster_id":"app"}';
  const received = accepted(`{"id":"42","type":"ADD_FRONTEND","data":${data}}`);
  assert.deepEqual(received, {
    id: "42",
    dryRun: false,
    order: {
      type: "ADD_FRONTEND",
      data: { listener: "[::1]:80", hostname: "ex.com", path: { prefix: "/" }, cluster_id: "app", tags: {} },
    },
  });
});

test("absent data is empty data, and version 1 may be written", () => {
  assert.deepEqual(accepted('{"id":"1","version":1,"type":"STATUS"}').order, { type: "STATUS", data: {} });
});

test("if_revision and dry_run are read from the envelope", () => {
  const received = accepted(
    '{"id":"1","type":"ADD_CLUSTER","data":{"cluster_id":"a"},"if_revision":7,"dry_run":true}',
  );
  assert.equal(received.ifRevision, 7);
  assert.equal(received.dryRun, true);
});

test("BAD_ORDER: an order without a usable id is answered with id null", () => {
  for (const id of ["", '"id":7,', '"id":"",', `"id":"${"x".repeat(257)}",`, '"id":null,']) {
    const { id: answered, error } = refused(`{${id}"type":"STATUS"}`);
    assert.deepEqual([answered, error.code, error.field], [null, "BAD_ORDER", "id"]);
  }
  assert.equal(accepted(`{"id":"${"x".repeat(256)}","type":"STATUS"}`).id.length, 256);
});

test("BAD_ORDER: an order without a type keeps its id", () => {
  for (const type of ["", ',"type":7', ',"type":null', ',"type":["STATUS"]']) {
    const { id, error } = refused(`{"id":"1"${type}}`);
    assert.deepEqual([id, error.code, error.field], ["1", "BAD_ORDER", "type"]);
  }
});

test("UNSUPPORTED_VERSION: any version but 1", () => {
  for (const version of ["2", '"1"', "null", "1.5"]) {
    assert.equal(faultOf(`{"id":"1","version":${version},"type":"STATUS"}`), "UNSUPPORTED_VERSION version");
  }
});

test("UNKNOWN_ORDER: the nearest name is suggested, whatever the case", () => {
  assert.match(refused('{"id":"1","type":"add_backend"}').error.message, /did you mean "ADD_BACKEND"\?/);
  assert.match(refused('{"id":"1","type":"ADD_BAKEND"}').error.message, /did you mean "ADD_BACKEND"\?/);
  for (const type of ["__proto__", "constructor", "toString", "", "x".repeat(1_000_000)]) {
    const { error } = refused(`{"id":"1","type":"${type}"}`);
    assert.equal(error.code, "UNKNOWN_ORDER");
    assert.ok(error.message.length < 200);
  }
});

test("UNKNOWN_FIELD: of the envelope, of data, and of objects in it, each with its path", () => {
  assert.equal(faultOf('{"id":"1","type":"STATUS","dta":{}}'), "UNKNOWN_FIELD dta");
  assert.equal(faultOf(backend(',"wieght":5')), "UNKNOWN_FIELD data.wieght");
  assert.equal(faultOf(frontend(',"path":{"prefx":"/"},"deny":true')), "UNKNOWN_FIELD data.path.prefx");
  assert.equal(
    faultOf(withData("REMOVE_CLUSTER", '{"cluster_id":"a","drain":{"wiat":false}}')),
    "UNKNOWN_FIELD data.drain.wiat",
  );
  assert.match(refused(backend(',"wieght":5')).error.message, /did you mean "weight"\?/);
  assert.match(refused('{"id":"1","type":"STATUS","dta":{}}').error.message, /did you mean "data"\?/);
  assert.match(
    refused(frontend(',"path":{"prefx":"/"},"deny":true')).error.message,
    /did you mean "prefix"\?/,
  );
});

test("UNKNOWN_FIELD: __proto__ is a field like any other that is not known, wherever it stands", () => {
  assert.equal(faultOf('{"id":"1","type":"STATUS","__proto__":{"dry_run":true}}'), "UNKNOWN_FIELD __proto__");
  assert.equal(faultOf(backend(',"__proto__":{"weight":5}')), "UNKNOWN_FIELD data.__proto__");
  assert.equal(
    faultOf(frontend(',"deny":true,"path":{"__proto__":{}}')),
    "UNKNOWN_FIELD data.path.__proto__",
  );
  assert.equal(
    faultOf(frontend(',"deny":true,"tags":{"__proto__":"x"}')),
    "UNKNOWN_FIELD data.tags.__proto__",
  );
  assert.equal(faultOf(backend(',"constructor":1')), "UNKNOWN_FIELD data.constructor");
});

test("an unknown field is named before one that is missing: it may be the same one", () => {
  assert.equal(faultOf(withData("ADD_CLUSTER", '{"clustre_id":"app"}')), "UNKNOWN_FIELD data.clustre_id");
});

test("INVALID_FIELD: what is missing is said to be missing", () => {
  const { error } = refused(withData("ADD_BACKEND", '{"cluster_id":"app","address":"127.0.0.1:1"}'));
  assert.equal(error.message, "data.backend_id is missing");
});

test("INVALID_FIELD: data that is no object", () => {
  for (const data of ["[]", "null", '"x"', "7", "true"])
    assert.equal(faultOf(withData("STATUS", data)), "INVALID_FIELD data");
});

test("INVALID_FIELD: numbers out of their range, broken, or infinite", () => {
  for (const weight of ["-1", "257", "1.5", "1e400", "-1e400", '"5"', "null", "1e308"]) {
    const { error } = refused(backend(`,"weight":${weight}`));
    assert.equal(error.message, "data.weight must be a whole number from 0 to 256");
    assert.deepEqual([error.code, error.field], ["INVALID_FIELD", "data.weight"]);
  }
});

test("INVALID_FIELD: addresses that cannot be connected to", () => {
  for (const address of [
    "localhost:80",
    "127.0.0.1",
    "127.0.0.1:0",
    "127.0.0.1:65536",
    "[::1]",
    "::1:80",
    "",
    "1.2.3:4",
  ]) {
    const data = `{"cluster_id":"a","backend_id":"b","address":"${address}"}`;
    assert.equal(faultOf(withData("ADD_BACKEND", data)), "INVALID_FIELD data.address", address);
  }
});

test("INVALID_FIELD: ids with spaces, control characters, nothing, or too much", () => {
  for (const id of ["", "a b", "a\\nb", "a\\u0000", "\\u200b", "\\ud800", "x".repeat(257)]) {
    assert.equal(
      faultOf(withData("ADD_CLUSTER", `{"cluster_id":"${id}"}`)),
      "INVALID_FIELD data.cluster_id",
      id,
    );
  }
  for (const id of ["app-1", "équipe/筧", "x".repeat(256)])
    accepted(withData("ADD_CLUSTER", `{"cluster_id":"${id}"}`));
});

test("INVALID_FIELD: a frontend ends in exactly one of cluster_id, deny and redirect", () => {
  for (const end of [
    "",
    ',"cluster_id":"a","deny":true',
    ',"deny":true,"redirect":{"port":1}',
    ',"deny":false',
  ]) {
    assert.match(faultOf(frontend(end)), /^INVALID_FIELD data/);
  }
});

test("INVALID_FIELD: a path rule is an object with exactly one of prefix, exact and regex", () => {
  for (const path of [
    '"/"',
    "{}",
    '{"prefix":"/","exact":"/"}',
    '{"prefix":"api"}',
    '{"regex":"("}',
    '{"regex":"(a+)+"}',
  ]) {
    assert.match(faultOf(frontend(`,"deny":true,"path":${path}`)), /^INVALID_FIELD data\.path/);
  }
});

test("INVALID_FIELD: methods are tokens, and a known one is written in capitals", () => {
  for (const method of ["", "GE T", "G\\u0000", "get", "Post", "x".repeat(65)]) {
    assert.equal(faultOf(frontend(`,"deny":true,"method":"${method}"`)), "INVALID_FIELD data.method");
  }
  accepted(frontend(',"deny":true,"method":"my-Method"'));
});

test("INVALID_FIELD: tags are bounded in number and size", () => {
  const tagged = (tags: unknown) => frontend(`,"deny":true,"tags":${JSON.stringify(tags)}`);
  const many = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, index) => [`t${index}`, "x"]));
  accepted(tagged(many(64)));
  accepted(tagged({ ["n".repeat(128)]: "v".repeat(1_024), toString: "x", constructor: "y" }));
  for (const bad of [
    many(65),
    { ["n".repeat(129)]: "" },
    { a: "v".repeat(1_025) },
    { "": "x" },
    { a: 1 },
    [],
    "x",
  ]) {
    assert.match(faultOf(tagged(bad)), /^INVALID_FIELD data\.tags/);
  }
});

test("INVALID_FIELD: a redirect changes something, and has a redirect's status", () => {
  const redirect = (fields: string) => frontend(`,"redirect":${fields}`);
  const { order } = accepted(redirect('{"scheme":"https"}'));
  assert.deepEqual(order.type === "ADD_FRONTEND" && order.data.redirect, { scheme: "https", status: 302 });
  for (const bad of [
    "{}",
    '{"status":301}',
    '{"port":0}',
    '{"port":1,"status":200}',
    '{"scheme":"ftp"}',
    '{"host":"*"}',
  ]) {
    assert.match(faultOf(redirect(bad)), /^INVALID_FIELD data\.redirect/, bad);
  }
});

test("INVALID_FIELD: tcp listeners are not served yet, and no listener's protocol can change", () => {
  const { error } = refused(withData("ADD_LISTENER", '{"address":"127.0.0.1:80","protocol":"tcp"}'));
  assert.deepEqual([error.code, error.field], ["INVALID_FIELD", "data.protocol"]);
  assert.match(error.message, /not served by this version/);
  const update = withData("UPDATE_LISTENER", '{"address":"127.0.0.1:80","protocol":"http"}');
  assert.equal(faultOf(update), "INVALID_FIELD data.protocol");
});

test("INVALID_FIELD: dry_run is for orders that change the state, if_revision takes a revision", () => {
  for (const type of ["STATUS", "HARD_STOP", "SOFT_STOP", "QUERY_DRAINS"]) {
    assert.equal(faultOf(`{"id":"1","type":"${type}","dry_run":true}`), "INVALID_FIELD dry_run");
  }
  assert.equal(faultOf('{"id":"1","type":"STATUS","dry_run":1}'), "INVALID_FIELD dry_run");
  for (const revision of ["-1", "1.5", '"7"', "1e400", "null"]) {
    assert.equal(
      faultOf(`{"id":"1","type":"STATUS","if_revision":${revision}}`),
      "INVALID_FIELD if_revision",
    );
  }
});

test("flags of clusters are true or false, and fields of https are none of an http listener", () => {
  const cluster = (field: string) => withData("ADD_CLUSTER", `{"cluster_id":"a",${field}}`);
  const listener = (field: string) =>
    withData("ADD_LISTENER", `{"address":"127.0.0.1:80","protocol":"http",${field}}`);
  assert.equal(faultOf(cluster('"https_redirect":1')), "INVALID_FIELD data.https_redirect");
  assert.equal(faultOf(listener('"tls_versions":["TLSv1.3"]')), "INVALID_FIELD data.tls_versions");
  accepted(cluster('"sticky_session":false,"https_redirect":true'));
  assert.equal(faultOf(cluster('"sticky_session":"yes"')), "INVALID_FIELD data.sticky_session");
});

test("the PROXY protocol's fields take a flag and a version, and leave no trace where they are not given", () => {
  const cluster = (field: string) => withData("ADD_CLUSTER", `{"cluster_id":"a"${field}}`);
  const dataOf = (frame: string): Readonly<Record<string, unknown>> => ({ ...accepted(frame).order.data });
  for (const version of ["v1", "v2"]) {
    const data = dataOf(cluster(`,"send_proxy_protocol":"${version}"`));
    assert.equal(data["send_proxy_protocol"], version);
  }
  assert.equal("send_proxy_protocol" in dataOf(cluster("")), false);
  for (const wrong of ['"v3"', "1", "true", "null", '""'])
    assert.equal(
      faultOf(cluster(`,"send_proxy_protocol":${wrong}`)),
      "INVALID_FIELD data.send_proxy_protocol",
    );
  const update = dataOf(withData("UPDATE_CLUSTER", '{"cluster_id":"a","send_proxy_protocol":null}'));
  assert.equal(update["send_proxy_protocol"], null);
  const listener = (value: string) =>
    withData("ADD_LISTENER", `{"address":"127.0.0.1:80","protocol":"http","accept_proxy_protocol":${value}}`);
  assert.equal(dataOf(listener("true"))["accept_proxy_protocol"], true);
  assert.equal(faultOf(listener('"v1"')), "INVALID_FIELD data.accept_proxy_protocol");
});

test("a sticky id is what may stand in a cookie, up to its limit", () => {
  const withId = (id: unknown): string => backend(`,"sticky_id":${JSON.stringify(id)}`);
  for (const id of ["x", "app-1", "!#$%&'()*+-./:<=>?@[]^_`{|}~", "x".repeat(STICKY_ID_CHARS_MAX)])
    accepted(withId(id));
  const refused = ["", " ", "a b", "a;b", "a,b", 'a"b', "a\\b", "\u007f", "\r\nA: b", "é", 7, null];
  for (const id of [...refused, "x".repeat(STICKY_ID_CHARS_MAX + 1)])
    assert.equal(faultOf(withId(id)), "INVALID_FIELD data.sticky_id", JSON.stringify(id));
});

test("a removal's drain is complete, whatever part of it is given", () => {
  const remove = (drain: string) => withData("REMOVE_BACKEND", `{"cluster_id":"a","backend_id":"b"${drain}}`);
  const drainOf = (frame: string) => {
    const { order } = accepted(frame);
    return order.type === "REMOVE_BACKEND" && order.data.drain;
  };
  assert.deepEqual(drainOf(remove("")), { wait: true, progress_ms: 1_000, on_deadline: "keep" });
  assert.deepEqual(drainOf(remove(',"drain":{"wait":false}')), {
    wait: false,
    progress_ms: 1_000,
    on_deadline: "keep",
  });
  assert.deepEqual(drainOf(remove(',"drain":{"deadline_ms":5,"on_deadline":"close"}')), {
    wait: true,
    deadline_ms: 5,
    progress_ms: 1_000,
    on_deadline: "close",
  });
});

test("whatever the JSON, an order is read or refused with a code of its own, and nothing is thrown", () => {
  const type = fc.oneof(fc.constantFrom(...ORDER_TYPES), fc.string());
  const field = fc.constantFrom(
    "address",
    "cluster_id",
    "backend_id",
    "hostname",
    "path",
    "drain",
    "tags",
    "limit",
    "__proto__",
  );
  const data = fc.oneof(fc.jsonValue(), fc.dictionary(fc.oneof(field, fc.string()), fc.jsonValue()));
  const frame = fc.record({ id: fc.oneof(fc.string(), fc.jsonValue()), type, data }, { requiredKeys: [] });
  const codes: ReadonlySet<string> = new Set([
    "BAD_ORDER",
    "UNSUPPORTED_VERSION",
    "UNKNOWN_ORDER",
    "UNKNOWN_FIELD",
    "INVALID_FIELD",
    "NOT_SUPPORTED",
  ]);
  fc.assert(
    fc.property(fc.oneof(frame, fc.dictionary(fc.string(), fc.jsonValue())), (value) => {
      const parsed = parse(JSON.stringify(value));
      if (!parsed.ok) assert.ok(codes.has(parsed.error.error.code), parsed.error.error.code);
    }),
    { numRuns: 1_000 },
  );
});

test("data nested without end is refused like any other wrong value", () => {
  const deep = `${"[".repeat(200_000)}${"]".repeat(200_000)}`;
  for (const field of ["address", "path", "tags", "drain", "x"]) {
    const { error } = refused(withData("ADD_FRONTEND", `{"${field}":${deep}}`));
    assert.ok(error.message.length < 300);
  }
});
