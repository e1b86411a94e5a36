import assert from "node:assert/strict";
import { test } from "node:test";
import { stripVTControlCharacters } from "node:util";
import { type RunningProxy, describeGreeting } from "./greeting.ts";

const UP: RunningProxy = {
  version: "0.1.0",
  pid: 41,
  workers: 2,
  io: "uring",
  ioReason: "it works",
  listeners: [{ address: "127.0.0.1:8080", protocol: "http" }],
  socketPath: "/run/kakehi/command.sock",
  isDefaultSocket: true,
  command: "./bin/kakehi",
};

function greet(surroundings: RunningProxy): string[] {
  return stripVTControlCharacters(describeGreeting(surroundings)).split("\n");
}

test("it says where it listens, where its socket is, on which I/O and why, and what to try", () => {
  assert.deepEqual(greet(UP), [
    "kakehi 0.1.0 is up (process 41)",
    "  listens at  127.0.0.1:8080",
    "  socket      /run/kakehi/command.sock",
    "  workers     2",
    "  I/O         uring: it works",
    "",
    "  send a request    curl http://127.0.0.1:8080/",
    `  ask it in bash    printf '{"id":"1","type":"STATUS"}\\0' | socat -t 60 - UNIX-CONNECT:/run/kakehi/command.sock`,
    "  or with the CLI   ./bin/kakehi status",
    "  all commands      ./bin/kakehi --help",
    "  stop it           Ctrl-C",
    "",
  ]);
});

test("the request to try speaks as the first listener does", () => {
  const listeners = [
    { address: "127.0.0.1:8443", protocol: "https" },
    { address: "127.0.0.1:8080", protocol: "http" },
  ] as const;
  const lines = greet({ ...UP, listeners });
  assert.ok(lines.includes("  listens at  127.0.0.1:8443, 127.0.0.1:8080"));
  assert.ok(lines.includes("  send a request    curl --insecure https://127.0.0.1:8443/"));
});

test("an empty proxy is told to open a listener, by commands that name another socket and survive a space", () => {
  const lines = greet({ ...UP, listeners: [], socketPath: "/srv/my proxy.sock", isDefaultSocket: false });
  assert.equal(lines[1], "  listens at  nothing yet");
  assert.equal(
    lines[6],
    "  open a listener   ./bin/kakehi --socket '/srv/my proxy.sock' listener add 127.0.0.1:8080",
  );
  assert.match(lines[7]!, /"ADD_LISTENER".*UNIX-CONNECT:'\/srv\/my proxy\.sock'$/);
});

test("many listeners are not all named", () => {
  const listeners = Array.from({ length: 8 }, (_, index) => ({
    address: `127.0.0.1:${8080 + index}`,
    protocol: "http" as const,
  }));
  assert.match(greet({ ...UP, listeners })[1]!, /8080, .*8084, and 3 more$/);
});
