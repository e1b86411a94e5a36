import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { backendOf, exchangeOn, fetchOnce, IOS, withApp } from "./support.ts";

for (const io of IOS) {
  test(`the first request goes through, with what the proxy adds (${io})`, async () => {
    await withApp({ io }, async (proxy, port, [backend]) => {
      const response = await fetchOnce(port, "/hello?x=1");
      assert.deepEqual(
        [response.status, response.body.toString().split(" ").slice(0, 3)],
        [200, ["app-1", "GET", "/hello?x=1"]],
      );
      const { raw } = backend!.requests[0]!.head;
      assert.match(raw, /^GET \/hello\?x=1 HTTP\/1\.1\r\nHost: a\.example\r\n/);
      assert.match(raw, /\r\nX-Forwarded-For: 127\.0\.0\.1\r\n/i);
      assert.match(raw, new RegExp(`\r\nX-Forwarded-Port: ${port}\r\n`, "i"));
      const [worker] = await proxy.workers();
      assert.equal(worker?.io, io);
    });
  });

  test(`a change is visible to the first request after its OK, in every worker (${io})`, async () => {
    await withApp({ io, workers: 3, backends: 2 }, async (proxy, port, [one, two]) => {
      const { orders } = proxy;
      await orders.ok("ADD_CLUSTER", { cluster_id: "other" });
      await orders.ok("ADD_BACKEND", { cluster_id: "other", backend_id: "app-2", address: two!.address });
      await orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: "app-2" });
      const rule = { listener: `127.0.0.1:${port}`, hostname: "a.example" };
      for (let round = 0; round < 20; round++) {
        await orders.ok("ADD_FRONTEND", { ...rule, cluster_id: "other" });
        assert.equal(backendOf(await fetchOnce(port, "/")), "app-2", `round ${round}, added`);
        await orders.ok("REMOVE_FRONTEND", rule);
        assert.equal(backendOf(await fetchOnce(port, "/")), "app-1", `round ${round}, removed`);
      }
      assert.ok(one!.requestCount >= 20);
    });
  });
}

test("routing is decided for each request, not for the connection", async () => {
  await withApp({ backends: 2 }, async (_proxy, port) => {
    const connection = await HttpConnection.open(port, { timeoutMs: 5_000 });
    const seen: string[] = [];
    for (let count = 0; count < 6; count++) seen.push(backendOf(await exchangeOn(connection, "/")));
    connection.close();
    assert.deepEqual(seen.toSorted(), ["app-1", "app-1", "app-1", "app-2", "app-2", "app-2"]);
  });
});

test("a frontend may come before its cluster: 503 until the cluster has a backend", async () => {
  await withApp({}, async ({ orders }, port, [backend]) => {
    const listener = `127.0.0.1:${port}`;
    const added = await orders.ok("ADD_FRONTEND", { listener, hostname: "soon.example", cluster_id: "soon" });
    assert.match(added.message, /soon/);
    assert.equal((await fetchOnce(port, "/", "soon.example")).status, 503);
    await orders.ok("ADD_CLUSTER", { cluster_id: "soon" });
    assert.equal((await fetchOnce(port, "/", "soon.example")).status, 503);
    await orders.ok("ADD_BACKEND", { cluster_id: "soon", backend_id: "one", address: backend!.address });
    assert.equal((await fetchOnce(port, "/", "soon.example")).status, 200);
  });
});

test("a listener address that is in use, or not ours, is refused and changes nothing", async () => {
  await withApp({}, async (proxy, _port, [backend]) => {
    const { orders } = proxy;
    const before = (await proxy.status()).data.hash;
    const inUse = await orders.order("ADD_LISTENER", { address: backend!.address, protocol: "http" });
    assert.deepEqual([inUse.status, inUse.error?.code], ["ERROR", "ADDRESS_IN_USE"]);
    const notOurs = await orders.order("ADD_LISTENER", { address: "192.0.2.1:8080", protocol: "http" });
    assert.deepEqual([notOurs.status, notOurs.error?.code], ["ERROR", "ADDRESS_REFUSED"]);
    assert.equal((await proxy.status()).data.hash, before);
  });
});

test("EXPLAIN names the rule, the cluster and the backends that a request would meet", async () => {
  await withApp({}, async ({ orders }, port, [backend]) => {
    const asked = { listener: `127.0.0.1:${port}`, method: "GET", host: "a.example", path: "/x" };
    const text = JSON.stringify((await orders.ok("EXPLAIN", asked)).data);
    for (const part of ["app", "app-1", backend!.address, `"eligible":true`, "the longest prefix"])
      assert.ok(text.includes(part), `${part} in ${text}`);
  });
});
