import assert from "node:assert/strict";
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { test, type TestContext } from "node:test";
import { createDescriptorPair, sendDescriptors } from "../io/descriptors.ts";
import { closeDescriptor, isReadable } from "../sys/descriptor.ts";
import { connectUnixSocket } from "../sys/unix-socket.ts";
import { Rendezvous, VISITOR_MS_MAX, VISITORS_MAX } from "./rendezvous.ts";

/** Nobody's, on most systems; any but ours will do. */
const OTHER_UID = 65_534;
const IS_ROOT = process.geteuid!() === 0;

function open(t: TestContext, now = (): number => 0): { rendezvous: Rendezvous; path: string } {
  const folder = mkdtempSync(join(tmpdir(), "kakehi-rendezvous-"));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "command.sock.worker-0");
  const opened = Rendezvous.open(path, now);
  assert.ok(opened.ok);
  return { rendezvous: opened.value, path };
}

/** What was written to the other end, or "" at its end; a fault where neither has come. */
function readText(fd: number): string {
  assert.ok(isReadable(fd), "neither text nor the end");
  const bytes = Buffer.alloc(200);
  return bytes.toString("utf8", 0, readSync(fd, bytes));
}

/** Connects; brings nothing yet. */
function knock(t: TestContext, path: string): number {
  const door = connectUnixSocket(path);
  assert.ok(door.ok);
  t.after(() => closeDescriptor(door.value));
  return door.value;
}

/** Brings so many ends of pairs; gives the visitor's own ends. */
function bring(t: TestContext, door: number, count: number): readonly number[] {
  const pairs = Array.from({ length: count }, () => createDescriptorPair());
  const ends = pairs.map((pair) => (pair.ok ? pair.value : assert.fail("no pair")));
  const theirs = ends.map((end) => end.theirs);
  assert.ok(sendDescriptors(door, theirs).ok);
  theirs.forEach(closeDescriptor);
  t.after(() => ends.forEach(({ ours }) => closeDescriptor(ours)));
  return ends.map(({ ours }) => ours);
}

test("a main that comes brings both its channels, and nobody but the owner may come", (t) => {
  const { rendezvous, path } = open(t);
  assert.equal(statSync(path).mode & 0o777, 0o600);
  assert.equal(rendezvous.look(), undefined, "nobody has come");
  const door = knock(t, path);
  assert.equal(rendezvous.look(), undefined, "nothing was brought yet");
  const [messages] = bring(t, door, 2);
  const brought = rendezvous.look();
  assert.ok(brought);
  writeSync(brought.messages, "to main");
  assert.equal(readText(messages!), "to main");
  closeDescriptor(brought.messages);
  closeDescriptor(brought.descriptors);
  rendezvous.close();
  assert.equal(existsSync(path), false);
});

test(
  "another user does not get in by the socket's mode, and with another mode is sent away unheard",
  { skip: !IS_ROOT && "only root can be another user" },
  (t) => {
    const { rendezvous, path } = open(t);
    const connectAsOther = (): ReturnType<typeof connectUnixSocket> => {
      process.seteuid!(OTHER_UID);
      try {
        return connectUnixSocket(path);
      } finally {
        process.seteuid!(0);
      }
    };
    chmodSync(dirname(path), 0o711);
    const refused = connectAsOther();
    assert.match(refused.ok ? "it got in" : refused.error.message, /EACCES|permission/i);
    chmodSync(path, 0o666);
    const door = connectAsOther();
    assert.ok(door.ok);
    t.after(() => closeDescriptor(door.value));
    const own = bring(t, door.value, 2);
    assert.equal(rendezvous.look(), undefined);
    for (const fd of own) assert.equal(readText(fd), "", "nothing of it stays open");
    bring(t, knock(t, path), 2);
    const brought = rendezvous.look();
    assert.ok(brought, "its own user is heard all the same");
    Object.values(brought).forEach(closeDescriptor);
  },
);

test("a process that does not own the command socket is sent away unheard; a lock file that names nobody keeps nobody out", (t) => {
  const { rendezvous, path } = open(t);
  const lock = path.replace(".worker-0", ".lock");
  const comes = (): boolean => {
    bring(t, knock(t, path), 2);
    const brought = rendezvous.look();
    Object.values(brought ?? {}).forEach(closeDescriptor);
    return brought !== undefined;
  };
  writeFileSync(lock, `${process.pid + 1}\n`);
  assert.equal(comes(), false);
  for (const named of [`${process.pid}\n`, ""]) {
    writeFileSync(lock, named);
    assert.equal(comes(), true, named);
  }
});

test("who comes while there is a main is told so, and the next one is heard", (t) => {
  const { rendezvous, path } = open(t);
  const [messages, descriptors] = bring(t, knock(t, path), 2);
  rendezvous.refuse();
  assert.equal(readText(messages!), '{"type":"refused"}\0');
  for (const fd of [messages!, descriptors!]) assert.equal(readText(fd), "", "nothing of it stays open");
  rendezvous.refuse();
  bring(t, knock(t, path), 2);
  const brought = rendezvous.look();
  assert.ok(brought);
  Object.values(brought).forEach(closeDescriptor);
});

test("who brings too little, too much, or goes again is passed over, and nothing of it stays open", (t) => {
  const { rendezvous, path } = open(t);
  for (const count of [1, 3]) {
    const own = bring(t, knock(t, path), count);
    assert.equal(rendezvous.look(), undefined);
    for (const fd of own) assert.equal(readText(fd), "");
  }
  const gone = connectUnixSocket(path);
  assert.ok(gone.ok);
  closeDescriptor(gone.value);
  assert.equal(rendezvous.look(), undefined);
  bring(t, knock(t, path), 2);
  const brought = rendezvous.look();
  assert.ok(brought);
  Object.values(brought).forEach(closeDescriptor);
});

test("who connects and says nothing keeps no main out, is sent away in time, or when too many have come", (t) => {
  let nowMs = 0;
  const { rendezvous, path } = open(t, () => nowMs);
  const silent = Array.from({ length: VISITORS_MAX + 1 }, () => {
    const door = knock(t, path);
    assert.equal(rendezvous.look(), undefined);
    return door;
  });
  bring(t, knock(t, path), 2);
  const brought = rendezvous.look();
  assert.ok(brought, "the main that came last");
  Object.values(brought).forEach(closeDescriptor);
  const sentAway = (): number => silent.filter((fd) => isReadable(fd) && readText(fd) === "").length;
  assert.equal(sentAway(), 2);
  nowMs = VISITOR_MS_MAX - 1;
  assert.equal(rendezvous.look(), undefined);
  assert.equal(sentAway(), 2);
  nowMs = VISITOR_MS_MAX;
  assert.equal(rendezvous.look(), undefined);
  assert.equal(sentAway(), silent.length);
});
