import assert from "node:assert/strict";
import { readlinkSync } from "node:fs";
import { test } from "node:test";
import { findNodeLoopDescriptor } from "./node-loop.ts";

test("Node's loop is an epoll descriptor that can be waited for", () => {
  const descriptor = findNodeLoopDescriptor();
  assert.ok(descriptor !== undefined, "this Node shows its loop");
  assert.equal(readlinkSync(`/proc/self/fd/${descriptor}`), "anon_inode:[eventpoll]");
});
