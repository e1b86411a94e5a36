import assert from "node:assert/strict";
import { test } from "node:test";
import { acceptFor, FrameReader, OPCODE, writeFrame } from "./websocket-frames.ts";

test("the accept key is that of RFC 6455, section 1.3", () => {
  assert.equal(acceptFor("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
});

test("frames of every length come back as they were, masked or not, whole or byte by byte", () => {
  for (const length of [0, 1, 125, 126, 127, 65_535]) {
    const payload = Buffer.alloc(length, "payload");
    for (const mask of [undefined, Buffer.of(1, 2, 3, 250)]) {
      const bytes = Buffer.concat([
        writeFrame(OPCODE.text, payload, mask),
        writeFrame(OPCODE.close, Buffer.of(3, 232), mask),
      ]);
      for (const pieceBytes of length > 200 ? [bytes.length] : [bytes.length, 1]) {
        const reader = new FrameReader();
        const frames = [];
        for (let at = 0; at < bytes.length; at += pieceBytes)
          frames.push(...reader.push(bytes.subarray(at, at + pieceBytes)));
        assert.deepEqual(
          frames.map(({ opcode }) => opcode),
          [OPCODE.text, OPCODE.close],
        );
        assert.ok(payload.equals(frames[0]!.payload));
      }
    }
  }
});

test("what is no frame of ours is refused", () => {
  for (const bytes of [Buffer.of(0x01, 0), Buffer.of(0xc1, 0), Buffer.of(0x82, 0), Buffer.of(0x81, 127)]) {
    assert.throws(() => new FrameReader().push(bytes), /frame/);
  }
});
