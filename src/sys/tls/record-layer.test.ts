import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { CLOSED, FAULT, WANTS_MORE } from "../../tls/machine.ts";
import { memory } from "../../../testing/tls/wire.ts";
import { memcpy } from "./crypto-calls.ts";
import { layBytes } from "./desk.ts";
import { deriveKey } from "./key-schedule.ts";
import { RecordCipher, type Direction } from "./record-cipher.ts";
import { RecordLayer } from "./record-layer.ts";
import { countSlots, RecordReader } from "./record-reader.ts";
import { RecordWriter } from "./record-writer.ts";
import { addressOfSecret, releaseSecrets, takeSecrets, type Side } from "./secrets.ts";
import { findSuite } from "./suites.ts";

const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;
const KEY_UPDATE = [24, 0, 0, 1, 0] as const;
const KEY_UPDATE_REQUESTED = [24, 0, 0, 1, 1] as const;

/** Where a record is put, where plaintext is read to, and where it is written from. */
const RECORDS = 0;
const READ = 200_000;
const WRITE = 400_000;
const PEER = 600_000;
const ROOM = 100_000;

interface Freeable {
  free(): void;
}

const opened: Freeable[] = [];

afterEach(() => {
  for (const handle of opened.splice(0)) handle.free();
  assert.equal(countSlots(), 0);
});

interface Rig {
  readonly layer: RecordLayer;
  /** What the peer seals with, and opens ours with. */
  readonly sealing: RecordCipher;
  readonly opening: RecordCipher;
}

interface RigOptions {
  readonly suite?: string;
  readonly role?: Side;
  readonly recordsPerKeyMax?: number;
}

/** A layer, and the bare ciphers of a peer who may seal whatever it likes. */
function openRig({
  suite: name = "TLS_AES_128_GCM_SHA256",
  role = "server",
  ...limits
}: RigOptions = {}): Rig {
  const suite = findSuite(name);
  assert.ok(suite !== undefined);
  const peer: Side = role === "server" ? "client" : "server";
  const cipher = (pieces: number, side: Side, direction: Direction): RecordCipher =>
    new RecordCipher(suite, pieces, side, direction, 0, deriveKey(pieces, side, suite));
  const [ours, theirs] = [openSecrets(), openSecrets()];
  const layer = new RecordLayer(
    new RecordReader(memory, cipher(ours, peer, "open"), role),
    new RecordWriter(memory, cipher(ours, role, "seal"), { plaintextBytesMax: 16_384, ...limits }),
  );
  const rig = { layer, sealing: cipher(theirs, peer, "seal"), opening: cipher(theirs, role, "open") };
  opened.push(rig.layer, rig.sealing, rig.opening);
  return rig;
}

/** The same secrets for whoever asks. */
function openSecrets(): number {
  const piece = takeSecrets();
  for (const side of ["client", "server"] as const) {
    const secret = new Uint8Array(48).fill(side === "client" ? 1 : 2);
    memcpy(addressOfSecret(piece, side), layBytes(secret), secret.length);
  }
  opened.push({ free: () => releaseSecrets(piece) });
  return piece;
}

/** A record of the peer's. For TLS 1.3 `padding` follows the hidden type. */
function sealed({ sealing }: Rig, type: number, content: readonly number[], padding = 0): Buffer {
  // Padding is content for the cipher: the type that it hides behind everything is then a zero.
  const bytes = padding === 0 ? content : [...content, type, ...Array.from({ length: padding - 1 }, () => 0)];
  memory.bytes.set(bytes, WRITE);
  const source = memory.addressOf(WRITE, bytes.length);
  const hidden = padding === 0 ? type : 0;
  const length = sealing.seal(hidden, source, bytes.length, memory.bytes, PEER, memory.addressOf(PEER, ROOM));
  return Buffer.from(memory.bytes.slice(PEER, PEER + length));
}

/** What the layer reads of these records: the plaintext, and what `read` gave last. */
function readAll(
  { layer }: Rig,
  records: readonly Buffer[],
  room = ROOM,
): readonly [text: string, end: number] {
  const bytes = Buffer.concat(records);
  memory.bytes.set(bytes, RECORDS);
  layer.feed(RECORDS, RECORDS + bytes.length);
  let text = "";
  for (;;) {
    const length = layer.read(READ, room);
    if (length <= 0) return [text, length];
    text += Buffer.from(memory.bytes.slice(READ, READ + length)).toString("latin1");
  }
}

/** What the layer says, opened: type and content of each record. A change of its keys is followed. */
function said({ layer, opening }: Rig): readonly (readonly [type: number, content: readonly number[]])[] {
  const found: (readonly [number, readonly number[]])[] = [];
  const end = RECORDS + layer.take(RECORDS, ROOM);
  for (let at = RECORDS; at < end;) {
    const body = memory.bytes[at + 3]! * 256 + memory.bytes[at + 4]!;
    const source = memory.addressOf(at, 5 + body);
    const length = opening.open(memory.bytes, at, source, body, memory.addressOf(READ, body), body);
    assert.ok(length >= 0, "a record of ours that does not open");
    const content = [...memory.bytes.slice(READ, READ + length)];
    const type = opening.suite.isHidden ? content.pop()! : memory.bytes[at]!;
    if (type === HANDSHAKE) opening.update();
    found.push([type, content]);
    at += 5 + body;
  }
  return found;
}

function bytesOf(text: string): number[] {
  return [...Buffer.from(text, "latin1")];
}

/** Expects the fault, its alert, and nothing else from then on. */
function assertFails(rig: Rig, records: readonly Buffer[], code: string, alert: number | undefined): void {
  const [, end] = readAll(rig, records);
  assert.equal(end, FAULT);
  assert.equal(rig.layer.fault?.code, code);
  assert.deepEqual(said(rig), alert === undefined ? [] : [[ALERT, [2, alert]]]);
  assert.deepEqual(readAll(rig, records), ["", FAULT]);
  assert.deepEqual(said(rig), []);
}

test("a peer changes its keys, and is read on", () => {
  const rig = openRig();
  const before = sealed(rig, DATA, bytesOf("old "));
  const update = sealed(rig, HANDSHAKE, KEY_UPDATE);
  rig.sealing.update();
  const after = sealed(rig, DATA, bytesOf("new"));
  assert.deepEqual(readAll(rig, [before, update, after]), ["old new", WANTS_MORE]);
  assert.deepEqual(said(rig), []);
});

test("a peer that asks us to change our keys is answered once, before anything else is said", () => {
  const rig = openRig();
  const first = sealed(rig, HANDSHAKE, KEY_UPDATE_REQUESTED);
  rig.sealing.update();
  const second = sealed(rig, HANDSHAKE, KEY_UPDATE_REQUESTED);
  rig.sealing.update();
  assert.deepEqual(readAll(rig, [first, second, sealed(rig, DATA, bytesOf("x"))]), ["x", WANTS_MORE]);
  memory.bytes.set(bytesOf("hi"), WRITE);
  rig.layer.write(WRITE, WRITE + 2);
  assert.deepEqual(said(rig), [
    [HANDSHAKE, KEY_UPDATE],
    [DATA, bytesOf("hi")],
  ]);
});

test("we change our keys when as many records as are safe were sealed with them", () => {
  const rig = openRig({ recordsPerKeyMax: 3 });
  const types: number[] = [];
  for (let count = 0; count < 7; count++) {
    memory.bytes.set([count], WRITE);
    rig.layer.write(WRITE, WRITE + 1);
    types.push(...said(rig).map(([type]) => type));
  }
  assert.deepEqual(types, [DATA, DATA, DATA, HANDSHAKE, DATA, DATA, DATA, HANDSHAKE, DATA]);
});

test("a message after the handshake may be cut into records anyhow", () => {
  const rig = openRig();
  const pieces = KEY_UPDATE.map((byte) => sealed(rig, HANDSHAKE, [byte]));
  rig.sealing.update();
  assert.deepEqual(readAll(rig, [...pieces, sealed(rig, DATA, bytesOf("on"))]), ["on", WANTS_MORE]);
});

test("a client passes over tickets, however they are cut", () => {
  const ticket = [4, 0, 1, 0, ...Array.from({ length: 256 }, (_, index) => index)];
  for (const cut of [1, 3, 4, 5, 100, 260]) {
    const rig = openRig({ role: "client" });
    const records = [ticket.slice(0, cut), [...ticket.slice(cut), ...ticket]].filter(
      (part) => part.length > 0,
    );
    const tickets = records.map((part) => sealed(rig, HANDSHAKE, part));
    assert.deepEqual(
      readAll(rig, [...tickets, sealed(rig, DATA, bytesOf("on"))]),
      ["on", WANTS_MORE],
      `${cut}`,
    );
  }
});

test("messages that nobody may send now are faults, each with its alert", () => {
  const message = (content: readonly number[], code: string, alert: number, role: Side = "server"): void => {
    const rig = openRig({ role });
    assertFails(rig, [sealed(rig, HANDSHAKE, content)], code, alert);
  };
  message([1, 0, 0, 1, 0], "TLS_BAD_MESSAGE", 10);
  message([4, 0, 0, 1, 0], "TLS_BAD_MESSAGE", 10);
  message([13, 0, 0, 1, 0], "TLS_BAD_MESSAGE", 10, "client");
  message([24, 0, 0, 1, 2], "TLS_BAD_MESSAGE", 47);
  message([24, 0, 0, 2, 0, 0], "TLS_BAD_MESSAGE", 50);
  message([...KEY_UPDATE, ...KEY_UPDATE], "TLS_BAD_MESSAGE", 10);
  message([], "TLS_BAD_MESSAGE", 10);
  message([4, 0xff, 0xff, 0xff], "TLS_BAD_MESSAGE", 50, "client");
});

test("data in the middle of a message is a fault", () => {
  const rig = openRig();
  const begun = sealed(rig, HANDSHAKE, KEY_UPDATE.slice(0, 3));
  assertFails(rig, [begun, sealed(rig, DATA, bytesOf("x"))], "TLS_BAD_MESSAGE", 10);
});

test("alerts: the end is told after the data, a cancel is nothing, everything else is fatal", () => {
  const closing = openRig();
  const records = [sealed(closing, DATA, bytesOf("last")), sealed(closing, ALERT, [1, 0])];
  assert.deepEqual(readAll(closing, [...records, Buffer.from("garbage after the end")]), ["last", CLOSED]);
  assert.equal(closing.layer.fault, undefined);
  const cancelled = openRig();
  const cancel = sealed(cancelled, ALERT, [1, 90]);
  assert.deepEqual(readAll(cancelled, [cancel, sealed(cancelled, DATA, bytesOf("x"))]), ["x", WANTS_MORE]);
  const failing = openRig();
  assertFails(failing, [sealed(failing, ALERT, [1, 80])], "TLS_PEER_ALERT", undefined);
  assert.equal(failing.layer.fault?.alert, 80);
  const short = openRig();
  assertFails(short, [sealed(short, ALERT, [1])], "TLS_BAD_MESSAGE", 50);
  const long = openRig();
  assertFails(long, [sealed(long, ALERT, [1, 0, 0])], "TLS_BAD_MESSAGE", 50);
});

test("data before a fault is read before the fault is told", () => {
  const rig = openRig();
  const data = sealed(rig, DATA, bytesOf("good"));
  const [text, end] = readAll(rig, [data, Buffer.alloc(100, 0x17)]);
  assert.deepEqual([text, end], ["good", FAULT]);
});

test("records in the clear, or of a type that is over, are faults", () => {
  for (const record of [
    [ALERT, 3, 3, 0, 2, 1, 0],
    [20, 3, 3, 0, 1, 1],
    [HANDSHAKE, 3, 3, 0, 5, ...KEY_UPDATE],
    [DATA, 2, 3, 0, 30, ...Array.from({ length: 30 }, () => 0)],
    bytesOf("GET / HTTP/1.1\r\n"),
  ]) {
    assertFails(openRig(), [Buffer.from(record)], "TLS_BAD_MESSAGE", 10);
  }
});

test("records longer or shorter than any can be are faults at their header", () => {
  assertFails(openRig(), [Buffer.from([DATA, 3, 3, 0x41, 0x01])], "TLS_BAD_MESSAGE", 22);
  assertFails(openRig(), [Buffer.from([DATA, 3, 3, 0, 16])], "TLS_BAD_MESSAGE", 50);
  const rig = openRig();
  assert.deepEqual(readAll(rig, [Buffer.from([DATA, 3, 3, 0x41, 0x00])]), ["", WANTS_MORE]);
});

test("a record may carry 16,384 bytes, and padding beside, but no more", () => {
  const whole = openRig();
  const text = Array.from({ length: 16_384 }, (_, index) => index & 0x7f);
  assert.equal(readAll(whole, [sealed(whole, DATA, text)])[0].length, 16_384);
  assert.equal(readAll(whole, [sealed(whole, DATA, text, 200)], 1_000)[0].length, 16_384);
  const over = openRig();
  assertFails(over, [sealed(over, DATA, [...text, 1])], "TLS_BAD_MESSAGE", 22);
});

test("room for the plaintext alone is enough, whatever follows it in the record", () => {
  for (const [padding, room] of [
    [0, 100],
    [0, 99],
    [1, 100],
    [1, 101],
    [30, 129],
    [30, 130],
  ] as const) {
    const rig = openRig();
    const text = "x".repeat(100);
    assert.deepEqual(readAll(rig, [sealed(rig, DATA, bytesOf(text), padding)], room), [text, WANTS_MORE]);
  }
});

test("padding is nothing, and a record of padding alone is a fault", () => {
  const rig = openRig();
  assert.deepEqual(readAll(rig, [sealed(rig, DATA, bytesOf("x"), 1_000)]), ["x", WANTS_MORE]);
  assertFails(rig, [sealed(rig, 0, [0, 0, 0])], "TLS_BAD_MESSAGE", 10);
});

test("a few records without data are passed over, and many in a row are a fault", () => {
  const rig = openRig();
  const empty = (count: number): Buffer[] => Array.from({ length: count }, () => sealed(rig, DATA, []));
  const records = [...empty(32), sealed(rig, DATA, bytesOf("x")), ...empty(32)];
  assert.deepEqual(readAll(rig, records), ["x", WANTS_MORE]);
  assertFails(rig, empty(1), "TLS_BAD_MESSAGE", 10);
});

test("in every suite a record without data is nothing", () => {
  for (const suite of [
    "TLS_AES_256_GCM_SHA384",
    "TLS_CHACHA20_POLY1305_SHA256",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-RSA-CHACHA20-POLY1305",
  ]) {
    const rig = openRig({ suite });
    const records = [sealed(rig, DATA, []), sealed(rig, DATA, bytesOf("x"))];
    assert.deepEqual(readAll(rig, records), ["x", WANTS_MORE], suite);
  }
});

test("a connection at rest holds no slot; half a record holds one", () => {
  const rig = openRig();
  const record = sealed(rig, DATA, bytesOf("halves"));
  assert.equal(countSlots(), 0);
  readAll(rig, [record.subarray(0, 10)]);
  assert.equal(countSlots(), 1);
  assert.deepEqual(readAll(rig, [record.subarray(10)]), ["halves", WANTS_MORE]);
  assert.equal(countSlots(), 0);
  const cramped = readAll(rig, [sealed(rig, DATA, bytesOf("too little room at a time"))], 4);
  assert.deepEqual(cramped, ["too little room at a time", WANTS_MORE]);
  assert.equal(countSlots(), 0);
  readAll(rig, [sealed(rig, DATA, bytesOf("freed with it")).subarray(0, 3)]);
});

test("TLS 1.2: to negotiate anew is refused, warnings are passed over, fatal alerts are not", () => {
  const suite = "ECDHE-RSA-AES128-GCM-SHA256";
  for (const role of ["server", "client"] as const) {
    const anew = openRig({ suite, role });
    assertFails(anew, [sealed(anew, HANDSHAKE, [0, 0, 0, 0])], "TLS_RENEGOTIATION", 40);
  }
  const warned = openRig({ suite });
  const warning = sealed(warned, ALERT, [1, 100]);
  assert.deepEqual(readAll(warned, [warning, sealed(warned, DATA, bytesOf("x"))]), ["x", WANTS_MORE]);
  assertFails(warned, [sealed(warned, ALERT, [2, 40])], "TLS_PEER_ALERT", undefined);
  const changed = openRig({ suite });
  assertFails(changed, [sealed(changed, 20, [1])], "TLS_BAD_MESSAGE", 10);
});

test("TLS 1.2 never changes its keys: there is no message for it", () => {
  const rig = openRig({ suite: "ECDHE-RSA-AES128-GCM-SHA256", recordsPerKeyMax: 1 });
  for (let count = 0; count < 3; count++) {
    rig.layer.write(WRITE, WRITE + 1);
    assert.deepEqual(
      said(rig).map(([type]) => type),
      [DATA],
    );
  }
});
