import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import * as receive from "./receive-state.ts";

test("when the operation left the kernel, it is wanted again exactly if the engine asked last", () => {
  const events = fc.array(fc.constantFrom(receive.ASK, receive.PAUSE, receive.MORE, receive.LEFT));
  fc.assert(
    fc.property(events, (happened) => {
      let state: number = receive.IDLE;
      let isAsked = false;
      let isInKernel = false;
      for (const event of happened) {
        const isFromKernel = event === receive.MORE || event === receive.LEFT;
        if (isFromKernel && !isInKernel) continue;
        if (!isFromKernel) isAsked = event === receive.ASK;
        state = receive.nextReceiveState(state, event);
        if (event === receive.LEFT) isInKernel = false;
        if (!isInKernel) assert.equal(state, isAsked ? receive.WANTED : receive.IDLE);
        if (state === receive.WANTED) {
          state = receive.ARMED;
          isInKernel = true;
        }
      }
    }),
  );
});

test("a pause asks nothing of the kernel until bytes come all the same", () => {
  const paused = receive.nextReceiveState(receive.ARMED, receive.PAUSE);
  assert.notEqual(paused, receive.STOPPING);
  assert.equal(receive.nextReceiveState(paused, receive.ASK), receive.ARMED);
  assert.equal(receive.nextReceiveState(paused, receive.MORE), receive.STOPPING);
});

test("nothing is received any more after the end", () => {
  assert.equal(receive.nextReceiveState(receive.ENDED, receive.ASK), receive.ENDED);
  assert.throws(() => receive.nextReceiveState(receive.ENDED, receive.MORE), /not in the kernel/);
  assert.throws(() => receive.nextReceiveState(receive.IDLE, receive.LEFT), /not in the kernel/);
});
