import assert from "node:assert/strict";
import { test } from "node:test";
import { HttpConnection } from "../../testing/clients/http-connection.ts";
import { valuesOf } from "../../testing/http/head.ts";
import { backendOf, IOS, TIMEOUT_MS, withApp } from "./support.ts";

const COOKIE = /^KAKEHI_STICKY=([^;]+); Path=\/; HttpOnly; SameSite=Lax$/;
const WORKERS = 2;
/** So many fresh connections that each worker is all but certain to get some. */
const CONNECTIONS = 24;

interface Answer {
  readonly by: string;
  /** The value of the cookie that was given. */
  readonly given: string | undefined;
}

/** One request on a connection of its own, with the cookie if there is one. */
async function ask(port: number, cookie?: string): Promise<Answer> {
  const connection = await HttpConnection.open(port, { timeoutMs: TIMEOUT_MS });
  try {
    const line = cookie === undefined ? "" : `Cookie: KAKEHI_STICKY=${cookie}\r\n`;
    const bytes = `GET / HTTP/1.1\r\nHost: a.example\r\n${line}\r\n`;
    const response = await connection.exchange({ method: "GET", bytes, timeoutMs: TIMEOUT_MS });
    assert.equal(response.status, 200);
    const [setCookie] = valuesOf(response.head, "set-cookie");
    const given = setCookie === undefined ? undefined : COOKIE.exec(setCookie)?.[1];
    assert.equal(given === undefined, setCookie === undefined, `the cookie is ${setCookie}`);
    return { by: backendOf(response), given };
  } finally {
    connection.close();
  }
}

for (const io of IOS) {
  test(`a client's cookie leads to its backend in every worker, and after each was replaced (${io})`, async () => {
    await withApp({ io, workers: WORKERS, backends: 3 }, async ({ orders }, port) => {
      await orders.ok("UPDATE_CLUSTER", { cluster_id: "app", sticky_session: true });
      await orders.ok("UPDATE_BACKEND", { cluster_id: "app", backend_id: "app-2", sticky_id: "second" });
      const first = await ask(port);
      const comesBack = async (): Promise<void> => {
        const answers = Array.from({ length: CONNECTIONS }, () => ask(port, first.given));
        for (const answer of await Promise.all(answers))
          assert.deepEqual(answer, { by: first.by, given: undefined });
        assert.deepEqual(await ask(port, "second"), { by: "app-2", given: undefined });
      };
      await comesBack();
      for (let worker = 0; worker < WORKERS; worker++) await orders.ok("RESTART_WORKER", { worker });
      await comesBack();
      await orders.ok("REMOVE_BACKEND", { cluster_id: "app", backend_id: first.by });
      const moved = await ask(port, first.given);
      assert.notEqual(moved.by, first.by);
      assert.notEqual(moved.given, undefined);
    });
  });
}
