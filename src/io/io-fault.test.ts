import assert from "node:assert/strict";
import { test } from "node:test";
import * as errno from "../sys/errno.ts";
import { ioFaultOf } from "./io-fault.ts";

test("error numbers become the kinds that the engine decides by", () => {
  const expected = {
    refused: [errno.ECONNREFUSED],
    unreachable: [errno.EHOSTUNREACH, errno.ENETUNREACH],
    reset: [errno.ECONNRESET, errno.EPIPE],
    "timed-out": [errno.ETIMEDOUT],
    "no-resources": [errno.EMFILE, errno.EADDRNOTAVAIL, errno.ENOBUFS],
    other: [errno.EINVAL, 0, 9_999],
  } as const;
  for (const [fault, numbers] of Object.entries(expected)) {
    for (const number of numbers) assert.equal(ioFaultOf(number), fault, String(number));
  }
});
