import assert from "node:assert/strict";
import { test } from "node:test";
import { CannotConnectError, ConnectionLostError } from "./errors.ts";
import { followOver } from "./events.ts";

type Told = readonly { readonly sequence: number; readonly event: string }[];
type Subscriber = Awaited<ReturnType<Parameters<typeof followOver>[0]>>;

/** Connections that tell, one after another, and are lost then; an error is one that cannot be made. */
function connections(...each: readonly (Told | Error)[]) {
  const asked: (number | undefined)[] = [];
  let count = 0;
  let closed = 0;
  const connect = (): Promise<Subscriber> => {
    const told = each[count++] ?? new Error("nobody should connect once more");
    if (told instanceof Error) return Promise.reject(told);
    return Promise.resolve({
      async *answers({ data }) {
        asked.push(data.since);
        for (const event of told) yield { data: await Promise.resolve(event) };
        throw new ConnectionLostError("lost");
      },
      close: () => closed++,
    });
  };
  return { connect, asked, closed: () => closed };
}

async function take(count: number, stream: ReturnType<typeof followOver>): Promise<string[]> {
  const taken: string[] = [];
  for await (const { sequence, event } of stream) {
    taken.push(`${sequence} ${event}`);
    if (taken.length === count) break;
  }
  return taken;
}

test("a GAP is told as it comes, and after a loss it goes on behind the GAP", async () => {
  const { connect, asked, closed } = connections(
    [{ sequence: 4, event: "CHANGED" }],
    [{ sequence: 40, event: "GAP" }],
    [{ sequence: 41, event: "CHANGED" }],
  );
  const taken = await take(3, followOver(connect, { since: 3, retryMs: 0 }));
  assert.deepEqual(taken, ["4 CHANGED", "40 GAP", "41 CHANGED"]);
  assert.deepEqual(asked, [3, 4, 40]);
  assert.equal(closed(), 3);
});

test("a loss before the first word asks for what was asked for before", async () => {
  const { connect, asked } = connections([], [{ sequence: 7, event: "SUBSCRIBED" }], []);
  assert.deepEqual(await take(1, followOver(connect, { retryMs: 0 })), ["7 SUBSCRIBED"]);
  assert.deepEqual(asked, [undefined, undefined]);
});

test("a proxy that is not there at first is an error; later it is waited for", async () => {
  const gone = new CannotConnectError("/nowhere", "there is no such socket");
  await assert.rejects(take(1, followOver(connections(gone).connect, {})), gone);
  const told: Told = [{ sequence: 2, event: "CHANGED" }];
  const { connect, asked } = connections([], gone, gone, told);
  assert.deepEqual(await take(1, followOver(connect, { since: 1, retryMs: 0 })), ["2 CHANGED"]);
  assert.deepEqual(asked, [1, 1]);
});
