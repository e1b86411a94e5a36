import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import { findNodeLoop } from "./node-loop.ts";

test("Node's loop is an epoll descriptor that can be waited for", () => {
  const loop = findNodeLoop();
  assert.ok(loop, "this Node shows its loop");
  assert.equal(readlinkSync(`/proc/self/fd/${loop.fd}`), "anon_inode:[eventpoll]");
});

test("timers and immediates show in when the loop is due", async () => {
  const loop = findNodeLoop();
  assert.ok(loop);
  const { port1, port2 } = new MessageChannel();
  const later = setTimeout(() => undefined, 3_600_000);
  const seen = await new Promise<{ timer: number; sooner: number; immediate: number }>((resolve) => {
    port1.onmessage = () => {
      const timer = loop.dueInMs();
      const soon = setTimeout(() => undefined, 1_000);
      const sooner = loop.dueInMs();
      const next = setImmediate(() => undefined);
      const immediate = loop.dueInMs();
      clearTimeout(soon);
      clearImmediate(next);
      resolve({ timer, sooner, immediate });
    };
    port2.postMessage(undefined);
  });
  port1.close();
  clearTimeout(later);
  assert.ok(seen.timer <= 3_600_000 && seen.sooner <= 1_000);
  assert.equal(seen.immediate, 0);
});
