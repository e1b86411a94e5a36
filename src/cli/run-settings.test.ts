import assert from "node:assert/strict";
import { test } from "node:test";
import { defaultSocketPath } from "../client/socket-path.ts";
import { MAIN_LIMITS } from "../main/limits.ts";
import { runSettings } from "./run-settings.ts";

const FILE = {
  folder: "/etc/kakehi",
  settings: {
    processes: { workers: 3, io: "node" },
    socket: { path: "/run/a.sock", mode: "0660", read_path: "read.sock", read_mode: "0666" },
    state: { path: "kakehi.state" },
    log: { level: "debug", file: "kakehi.log" },
    limits: { frame_bytes_max: 65_536, connections_per_user_max: 5, ticket_key_ms: 5_000 },
  },
} as const;
const NOTHING = { folder: "/", settings: {} };

test("what neither a flag nor the environment says is the file's, with paths from its folder", () => {
  const settings = runSettings({}, FILE, {});
  assert.deepEqual(
    { ...settings, limits: undefined },
    {
      socketPath: "/run/a.sock",
      isDefaultSocket: false,
      socketMode: 0o660,
      readSocketPath: "/etc/kakehi/read.sock",
      readSocketMode: 0o666,
      workers: 3,
      io: "node",
      statePath: "/etc/kakehi/kakehi.state",
      logLevel: "debug",
      logFile: "/etc/kakehi/kakehi.log",
      limits: undefined,
    },
  );
  assert.equal(settings.limits.frameBytesMax, 65_536);
  assert.equal(settings.limits.connectionsPerUserMax, 5);
  assert.equal(settings.limits.connectionsMax, MAIN_LIMITS.connectionsMax);
});

test("a flag goes before the file", () => {
  const settings = runSettings(
    { socket: "/b.sock", socketMode: 0o600, workers: 1, io: "uring", state: "/b", ticketKeyInterval: 900 },
    FILE,
    { KAKEHI_SOCKET: "/c.sock" },
  );
  const { socketPath, socketMode, workers, io, statePath, limits } = settings;
  assert.deepEqual(
    [socketPath, socketMode, workers, io, statePath, limits.ticketKeyMs],
    ["/b.sock", 0o600, 1, "uring", "/b", 900],
  );
});

test("the environment's socket goes before the file's, and each before the default", () => {
  const withVariable = runSettings({}, FILE, { KAKEHI_SOCKET: "/c.sock" });
  assert.equal(withVariable.socketPath, "/c.sock");
  const without = runSettings({}, NOTHING, {});
  assert.equal(without.socketPath, defaultSocketPath());
  assert.equal(without.isDefaultSocket, true);
  assert.equal(without.socketMode, 0o600);
  assert.equal(without.statePath, undefined);
});
