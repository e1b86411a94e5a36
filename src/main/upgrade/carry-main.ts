/**
 * All that main has beside its state, as the document has it.
 */
import type { CarriedDrain, CarriedMain, CarriedSession } from "../../model/carried.ts";
import type { UpgradeDocument } from "../../model/upgrade-document.ts";
import type { CarriedStore } from "../store/state-store.ts";
import type { ServingMain } from "./main-upgrade.ts";

/** What is only known, or may only be asked, at the last moment; the rehearsal does without. */
export interface CarriedLast {
  readonly store: CarriedStore;
  /** A memory file of the state as it is; who calls' to close. */
  readonly stateFd: number;
  readonly sessions: readonly CarriedSession[];
  /** By which main is started from then on. */
  readonly program: string | undefined;
  /** What main comes back to when it has started. */
  readonly niceness?: number | undefined;
}

/** The document of main as it is now. What it names stays main's. */
export function carriedMain(
  { control, server, secrets, socketLock, demoFd }: ServingMain,
  { store, stateFd, sessions, program, niceness }: CarriedLast,
): UpgradeDocument {
  const { configuration, ownOrders, listeners, supervisor, events, counters, workerTotals, startedMs, now } =
    control;
  const main: CarriedMain = {
    revision: configuration.revision,
    hash: configuration.state.hash(),
    state_fd: stateFd,
    ...store,
    socket_lock_fd: socketLock.fd,
    command_socket_fd: server.descriptor,
    ...(server.readDescriptor !== undefined && { read_socket_fd: server.readDescriptor }),
    sessions,
    own_orders: [...ownOrders.values()].flatMap(({ type, describe }) =>
      describe === undefined ? [] : [{ type, order: describe() }],
    ),
    listeners: listeners.open(),
    workers: supervisor.wanted,
    drains: carriedDrains(control),
    secrets: secrets.secrets,
    events: events.carry(),
    counters: Object.fromEntries(Object.entries(counters)),
    former_totals: workerTotals.former,
    started_ms: startedMs - now() + Date.now(),
    ...(program !== undefined && { program }),
    ...(niceness !== undefined && { niceness }),
    ...(demoFd !== undefined && { demo_fd: demoFd }),
    configuration_file: control.file.carry(),
  };
  return { programVersion: control.version, main };
}

/** All that have to stay open for the next program, beside the document itself. */
export function descriptorsOf(main: CarriedMain): readonly number[] {
  const { state_fd, history_fd, socket_lock_fd, state_lock_fd } = main;
  const { command_socket_fd, read_socket_fd, demo_fd, sessions, listeners } = main;
  return [
    state_fd,
    socket_lock_fd,
    command_socket_fd,
    ...[history_fd, state_lock_fd, read_socket_fd, demo_fd].filter((fd) => fd !== undefined),
    ...sessions.map(({ fd }) => fd),
    ...listeners.map(({ fd }) => fd),
  ];
}

function carriedDrains({ drains, now }: ServingMain["control"]): CarriedMain["drains"] {
  const epochMs = Date.now() - now();
  const lasting: readonly CarriedDrain[] = drains.lasting().map(({ number, target, sinceMs, closeAtMs }) => {
    const { order, kind, key, stays } = target;
    return {
      drain: number,
      order,
      kind,
      key,
      ...(stays === true && { stays }),
      since_ms: sinceMs + epochMs,
      ...(closeAtMs !== undefined && { close_at_ms: closeAtMs + epochMs }),
    };
  });
  return { last: drains.last, lasting };
}
