/**
 * A worker process: takes its channel to main (descriptor 3), its channel for descriptors (4) and an I/O
 * implementation, and lets the engine run. Wiring only.
 *
 * Exit codes: 0 it left as asked; 70 a defect of ours (sysexits.h EX_SOFTWARE), main replaces it; 78 it
 * cannot run with the I/O that was asked for (EX_CONFIG).
 */
import { randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { Socket } from "node:net";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { assert } from "../base/assert.ts";
import { chooseIo } from "../io/choose-io.ts";
import { receiveDescriptor } from "../io/descriptors.ts";
import { IO_LIMITS_DEFAULT, type IoName } from "../io/io.ts";
import { encodeMessage, MessageChannel } from "../io/message-channel.ts";
import type { FromWorker, ToWorker } from "../model/channel.ts";
import { raiseDescriptorLimit } from "../sys/descriptor-limit.ts";
import { BeatingEngine } from "./beating-engine.ts";
import { openTls } from "./open-tls.ts";
import { HandoverEnds } from "./handover-ends.ts";
import { messagesIn } from "./load-file.ts";
import { programVersion } from "./program-version.ts";
import { Worker } from "./worker.ts";

const MESSAGES_FD = 3;
const DESCRIPTORS_FD = 4;
const EXIT_DEFECT = 70;
const EXIT_CONFIGURATION = 78;
/** How often main is told how far giving away is. */
const GIVEN_EVERY_MS = 1_000;
/** Without main nobody can tell us to stop: sessions are finished within this time. */
const ORPHAN_STOP_MS = 30_000;

const { values } = parseArgs({
  options: { worker: { type: "string", default: "0" }, io: { type: "string", default: "auto" } },
  // What the command line calls a worker by (`bin/load.cjs`).
  allowPositionals: true,
});

// A regex rule that backtracks too much goes on in linear time: an order must not be able to stop the loop
// (law 6).
setFlagsFromString("--enable-experimental-regexp-engine-on-excessive-backtracks");
// A defect ends the process at once: whatever it would do next could be wrong.
process.on("uncaughtException", (error) => {
  writeSync(
    2,
    `worker ${values.worker}: defect: ${(error.stack ?? String(error)).replaceAll("\n", " | ")}\n`,
  );
  process.exit(EXIT_DEFECT);
});
// Main decides when we stop, also when a terminal's keys reach all processes of a group.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => undefined);

raiseDescriptorLimit();
// What is warned of before the channel is there waits for it.
const warnings: string[] = [];
let warn = (message: string): void => void warnings.push(message);
const chosen = chooseIo(values.io as IoName | "auto", IO_LIMITS_DEFAULT, (message) => warn(message));
if (!chosen.ok) {
  writeSync(2, `worker ${values.worker}: ${chosen.error.message}\n`);
  process.exit(EXIT_CONFIGURATION);
}
const { io, reason } = chosen.value;

const channel = new MessageChannel<ToWorker>(
  new Socket({ fd: MESSAGES_FD, readable: true, writable: true }),
  {
    received: (messages) => io.perform(() => messages.forEach((message) => worker.follow(message))),
    drained: () => undefined,
    closed: () => {
      if (!handover.isGiving) io.perform(() => engine.stop(ORPHAN_STOP_MS));
    },
  },
);
const send = (message: FromWorker): void => channel.sendEncoded(encodeMessage(message));

warn = (message) => send({ type: "log", level: "warning", message });
warnings.forEach(warn);

const tls = await openTls(io, (message) => warn(message));
const engine = new BeatingEngine(
  {
    port: tls?.port ?? io.port,
    ...(tls && { tls }),
    seed: randomInt(2 ** 32),
    epochMs: performance.timeOrigin,
    hooks: {
      drainChanged: (use) => send({ type: "drain", use }),
      unlistened: (address) => send({ type: "unlistened", address }),
      backendChanged: (change) => send({ type: "backend", change }),
      stopped: () => {
        handover.leave();
        // What was counted since the last one.
        worker.beat();
        channel.flush();
        process.exit(0);
      },
      log: (level, message) => send({ type: "log", level, message }),
    },
  },
  {
    beat: () => worker.beat(),
    turnEnds: () => {
      handover.turnEnds();
      channel.flush();
    },
  },
);

const handover: HandoverEnds = new HandoverEnds({
  io,
  engine,
  descriptorsFd: DESCRIPTORS_FD,
  send,
  revision: () => worker.revision,
});
const progress = setInterval(() => handover.tellProgress(), GIVEN_EVERY_MS);
progress.unref();

const worker: Worker = new Worker({
  engine,
  send,
  takeListener: () => {
    const received = receiveDescriptor(DESCRIPTORS_FD);
    assert(received.ok, "main names a listening socket that it did not send");
    return io.adoptListener(received.value);
  },
  readLoadFile: () => {
    const received = receiveDescriptor(DESCRIPTORS_FD);
    assert(received.ok, "main names a memory file that it did not send");
    return messagesIn(received.value);
  },
  handover,
  version: programVersion(),
  io: io.name,
  ioReason: reason,
});

tls?.port.bind(engine);
io.run(tls?.port ?? engine);
