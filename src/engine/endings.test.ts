import assert from "node:assert/strict";
import { test } from "node:test";
import { type LostLink, endingOf } from "./endings.ts";

/** A link lost before anything was sent, with attempts left. */
const FRESH: LostLink = {
  cause: "unreachable",
  requestLeft: false,
  isReused: false,
  isReplayable: false,
  responseBegan: false,
  lastsUntilClose: false,
  attemptsLeft: 1,
};

function ending(change: Partial<LostLink>): string {
  const result = endingOf({ ...FRESH, ...change });
  return result.kind === "respond" ? String(result.status) : result.kind;
}

test("where nothing was sent, another backend is tried, whatever the method", () => {
  for (const cause of ["unreachable", "connect-timed-out", "untrusted", "ended", "failed"] as const) {
    assert.equal(ending({ cause }), "retry", cause);
  }
});

test("without attempts left the client is told why", () => {
  const of = (cause: LostLink["cause"]): string => ending({ cause, attemptsLeft: 0 });
  assert.equal(of("unreachable"), "503");
  assert.equal(of("connect-timed-out"), "504");
  assert.equal(of("untrusted"), "502");
  assert.equal(of("ended"), "502");
});

test("a request that was sent is sent again only on a reused link, and only if it may be", () => {
  const sent = { cause: "ended", requestLeft: true } as const;
  assert.equal(ending({ ...sent, isReused: true, isReplayable: true }), "retry");
  assert.equal(ending({ ...sent, isReused: true, isReplayable: false }), "502");
  assert.equal(ending({ ...sent, isReused: false, isReplayable: true }), "502");
});

test("a backend that breaks the protocol or keeps silent is not asked again", () => {
  const sent = { requestLeft: true, isReused: true, isReplayable: true } as const;
  assert.equal(ending({ ...sent, cause: "violation" }), "502");
  assert.equal(ending({ ...sent, cause: "silent" }), "504");
});

test("a response that began is cut, unless its end is the connection's", () => {
  const began = { requestLeft: true, responseBegan: true, isReplayable: true, isReused: true } as const;
  for (const cause of ["ended", "failed", "violation", "silent"] as const) {
    assert.equal(ending({ ...began, cause }), "cut", cause);
  }
  assert.equal(ending({ ...began, cause: "ended", lastsUntilClose: true }), "complete");
  assert.equal(ending({ ...began, cause: "failed", lastsUntilClose: true }), "cut");
});
