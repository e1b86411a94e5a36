/**
 * A worker process: takes its channel to main (descriptor 3), its channel for descriptors (4) and an I/O
 * implementation, and lets the engine run. Wiring only.
 *
 * Exit codes: 0 it left as asked; 70 a defect of ours (sysexits.h EX_SOFTWARE), main replaces it; 78 it
 * cannot run with the I/O that was asked for (EX_CONFIG).
 */
import { randomInt } from "node:crypto";
import { writeSync } from "node:fs";
import { flushCompileCache } from "node:module";
import { parseArgs } from "node:util";
import { setFlagsFromString } from "node:v8";
import { chooseIo } from "../io/choose-io.ts";
import { IO_LIMITS_DEFAULT, type IoName } from "../io/io.ts";
import { stateInMemory } from "../io/memory-files.ts";
import type { FromWorker } from "../model/channel.ts";
import { raiseDescriptorLimit, widenDescriptorTable } from "../sys/descriptor-limit.ts";
import { closeDescriptor } from "../sys/descriptor.ts";
import { BeatingEngine } from "./beating-engine.ts";
import { MainLink } from "./main-link.ts";
import { openTls } from "./open-tls.ts";
import { HandoverEnds } from "./handover-ends.ts";
import { messagesIn } from "./load-file.ts";
import { programVersion } from "../io/program-version.ts";
import { Rendezvous } from "./rendezvous.ts";
import { Worker } from "./worker.ts";

const MESSAGES_FD = 3;
const DESCRIPTORS_FD = 4;
const EXIT_DEFECT = 70;
const EXIT_CONFIGURATION = 78;
/** Without main, sessions are finished within this time once we leave. */
const ALONE_STOP_MS = 30_000;

const { values } = parseArgs({
  options: {
    worker: { type: "string", default: "0" },
    io: { type: "string", default: "auto" },
    rendezvous: { type: "string" },
  },
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
for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => link.terminated());
// For main alone. Without a listener, SIGUSR1 would open Node's inspector, and the others would end us.
for (const signal of ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const) process.on(signal, () => undefined);

widenDescriptorTable(IO_LIMITS_DEFAULT.connectionsMax, raiseDescriptorLimit());
// What is warned of before the channel is there waits for it.
const warnings: string[] = [];
let warn = (message: string): void => void warnings.push(message);
const chosen = chooseIo(values.io as IoName | "auto", IO_LIMITS_DEFAULT, (message) => warn(message));
if (!chosen.ok) {
  writeSync(2, `worker ${values.worker}: ${chosen.error.message}\n`);
  process.exit(EXIT_CONFIGURATION);
}
const { io, reason } = chosen.value;

const rendezvous = values.rendezvous === undefined ? undefined : Rendezvous.open(values.rendezvous);
if (rendezvous?.ok === false)
  warn(`a main that is started anew will not find this worker: ${rendezvous.error.message}`);
const meeting = rendezvous?.ok === true ? rendezvous.value : undefined;
/** Of the listening sockets, by the number that the I/O gave them. */
const listenerDescriptors = new Map<number, number>();

const link: MainLink = new MainLink({
  channels: { messages: MESSAGES_FD, descriptors: DESCRIPTORS_FD },
  rendezvous: meeting,
  received: (messages) => io.perform(() => messages.forEach((message) => worker.follow(message))),
  meet: () => ({
    hello: {
      ...worker.meetMain(),
      worker: Number(values.worker),
      pid: process.pid,
    },
    sockets: engine.listeningSockets.map(({ socket }) => listenerDescriptors.get(socket)!),
  }),
  leave: () => {
    if (handover.givesTo === undefined) io.perform(() => engine.stop(ALONE_STOP_MS));
  },
  end: () => end(),
  isReady: () => worker.isReady,
});
const send = (message: FromWorker): void => link.send(message);

function end(): never {
  meeting?.close();
  process.exit(0);
}

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
        link.flush();
        end();
      },
      log: (level, message) => send({ type: "log", level, message }),
    },
  },
  {
    beat: () => {
      worker.beat();
      link.beat();
    },
    turnEnds: () => {
      handover.turnEnds();
      link.flush();
    },
  },
);

const handover: HandoverEnds = new HandoverEnds({
  io,
  engine,
  takeChannels: () => link.takeDescriptors(),
  send,
  revision: () => worker.revision,
});

const worker: Worker = new Worker({
  engine,
  send,
  takeListener: () => {
    const fd = link.takeDescriptor();
    const listener = io.adoptListener(fd);
    listenerDescriptors.set(listener, fd);
    return listener;
  },
  mainLink: {
    serveAlone: (serveMs) => link.serveAlone(serveMs),
    tellState: (state, revision) => {
      const fd = stateInMemory(state, revision);
      link.sendWith(fd, { type: "state" });
      closeDescriptor(fd);
    },
  },
  readLoadFile: () => messagesIn(link.takeDescriptor()),
  handover,
  version: programVersion(),
  io: io.name,
  ioReason: reason,
});

tls?.port.bind(engine);
// What loading us has cost is kept for the next worker, while nobody waits for this one yet.
flushCompileCache();
io.run(tls?.port ?? engine);
