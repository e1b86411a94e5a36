/**
 * The main process's limits: every size, count and time that bounds it, with its default. Not the data
 * plane's: those are the engine's.
 */
import { EXPIRY_NEAR_MS, FRAME_BYTES_MAX } from "../model/limits.ts";

export interface MainLimits {
  /**
   * Command socket: clients of all users together but root and main's own, and as many of each of these two;
   * one more is answered with `LIMIT_EXCEEDED` and closed.
   */
  readonly connectionsMax: number;
  /** The same of one user who is neither root nor main's own. */
  readonly connectionsPerUserMax: number;
  /** One client's orders without their final answer; its next ones are not read until some are answered. */
  readonly ordersInFlightMax: number;
  /** One client's unread answers; above it, its orders are not read and progress is left out. */
  readonly unreadBytesMax: number;
  /**
   * Orders in one turn of the loop, of one client that is alone: the more, the fewer times they are synced.
   */
  readonly ordersPerTurnMax: number;
  /** The same while several have some, and for a few turns more: each waits for all of it. */
  readonly ordersPerSharedTurnMax: number;
  /** How long a round of turns may last, in milliseconds, and one order more: some take that long alone. */
  readonly roundMsMax: number;
  /** Their answers in one turn of the loop, shared too: a few large ones are a turn. */
  readonly answerCharsPerTurnMax: number;
  /** How long a client whose connection we end may go on sending before it is closed. */
  readonly lingerMs: number;
  /**
   * How often a client that has ended its side, but waits for answers, is asked whether it is still there.
   */
  readonly probeEveryMs: number;
  /** The largest frame from a client. */
  readonly frameBytesMax: number;
  /** From a worker's spawn to its first sign of life; loading comes after, with heartbeats. */
  readonly workerStartMsMax: number;
  /** One that was to be ready by then, signs of life or not, is given up. */
  readonly workerReadyMsMax: number;
  /**
   * A worker that dies so often before it is ready is not waited for. It is started again all the same, ever
   * less often.
   */
  readonly startDeathsMax: number;
  /** After a deadline a worker cuts what is left and ends; if it does not in this time, it is killed. */
  readonly stopGraceMs: number;
  /** The same for one that is to cut its connections at once. */
  readonly cutMsMax: number;
  /** Without a sign of life for so long, a worker hangs and is replaced. */
  readonly workerSilenceMsMax: number;
  /** The same for one that loads its state, and serves nobody yet. */
  readonly workerLoadSilenceMsMax: number;
  /** A worker of the main before has so long to say what it has, and as long again for its state. */
  readonly adoptionMs: number;
  /** One that is told to have a main, or before whose socket too many wait, is tried again after so long. */
  readonly adoptionRetryMs: number;
  /** A program that main is to become has so long to prove that it can. */
  readonly rehearsalMs: number;
  /** So long may last what is under way, before main becomes another program, or does not. */
  readonly quietMs: number;
  /** So long workers wait for the program that main becomes, where they would not without main. */
  readonly successorMs: number;
  /** How often main looks for silent workers, at least: when one may be, it looks then. */
  readonly watchEveryMs: number;
  /**
   * How long `SET_WORKERS` and `RESTART_WORKER` wait for leaving workers before they answer that some still
   * finish.
   */
  readonly leaveWaitMs: number;
  /** So long a worker serves beside the one that it takes over from, if that one has connections. */
  readonly serveTogetherMs: number;
  /** Changes in one message to a worker; more go ahead in parts. */
  readonly changesPerMessageMax: number;
  /** Bytes that wait for a worker to read them; above it the worker is replaced. */
  readonly channelBytesMax: number;
  /** Between a removed listener's last new handshake and the emptying of its queue. */
  readonly handshakeGraceMs: number;
  /** At a soft stop workers have so long to accept what waits in the listeners' queues. */
  readonly emptyQueuesMs: number;
  /** Signals SIGTERM and SIGINT stop softly with this deadline. */
  readonly signalStopMs: number;
  /** A soft stop's progress is told once in this time. */
  readonly stopProgressMs: number;
  /** How long a ticket key seals TLS sessions. */
  readonly ticketKeyMs: number;
  /** Ticket keys that are still taken beside the one that seals. */
  readonly previousTicketKeysMax: number;
  /** So long before its end a certificate is warned of. */
  readonly expiryNearMs: number;
  /** How often all certificates are looked at for that. */
  readonly expiryCheckMs: number;
  /** Certificates that one look warns of by name; more are counted. */
  readonly expiryLinesMax: number;
  /** Events that are kept for who comes later, or reads slowly, and their characters as JSON. */
  readonly eventsMax: number;
  readonly eventCharsMax: number;
  /** Clients, or orders of one client, that are told events at a time. */
  readonly subscriptionsMax: number;
  /** New backends that all swaps together ask at a time; a swap that would make it more is refused. */
  readonly swapBackendsMax: number;
  /** So much of what one was told may be unread; then it waits, and keeps its place. */
  readonly eventCharsUnreadMax: number;
  /** A configuration file of more is read by a process of its own. */
  readonly fileHereBytesMax: number;
  /** So long may that take, and so much memory. */
  readonly fileReadMs: number;
  readonly fileReadHeapBytesMax: number;
  /** The journal is folded into the snapshot when it is larger than this and than the snapshot. */
  readonly journalBytesMax: number;
  /** So many revisions can be gone back: 24 hours at five changes a second. */
  readonly historyRevisionsMax: number;
  /** What they may take, compressed: of disk where the configuration is kept, else of memory. */
  readonly historyBytesMax: number;
  /** A change that is larger as JSON is not kept, and nothing before it. */
  readonly historyRecordCharsMax: number;
}

export const MAIN_LIMITS: MainLimits = {
  connectionsMax: 256,
  connectionsPerUserMax: 64,
  ordersInFlightMax: 1_024,
  unreadBytesMax: 4 * 1024 * 1024,
  ordersPerTurnMax: 64,
  ordersPerSharedTurnMax: 32,
  roundMsMax: 20,
  answerCharsPerTurnMax: 65_536,
  lingerMs: 5_000,
  probeEveryMs: 5_000,
  frameBytesMax: FRAME_BYTES_MAX,
  workerStartMsMax: 20_000,
  workerReadyMsMax: 60_000,
  startDeathsMax: 5,
  stopGraceMs: 2_000,
  cutMsMax: 500,
  workerSilenceMsMax: 1_600,
  workerLoadSilenceMsMax: 10_000,
  adoptionMs: 1_000,
  adoptionRetryMs: 50,
  rehearsalMs: 20_000,
  quietMs: 5_000,
  successorMs: 30_000,
  watchEveryMs: 500,
  leaveWaitMs: 1_000,
  serveTogetherMs: 1_500,
  changesPerMessageMax: 2_000,
  channelBytesMax: 256 * 1024 * 1024,
  handshakeGraceMs: 25,
  emptyQueuesMs: 2_000,
  signalStopMs: 30_000,
  stopProgressMs: 1_000,
  ticketKeyMs: 12 * 60 * 60 * 1_000,
  previousTicketKeysMax: 2,
  expiryNearMs: EXPIRY_NEAR_MS,
  expiryCheckMs: 60 * 60 * 1_000,
  expiryLinesMax: 20,
  eventsMax: 4_096,
  eventCharsMax: 4 * 1024 * 1024,
  subscriptionsMax: 256,
  swapBackendsMax: 1_024,
  eventCharsUnreadMax: 65_536,
  fileHereBytesMax: 64 * 1024,
  fileReadMs: 120_000,
  fileReadHeapBytesMax: 1_024 * 1024 * 1024,
  journalBytesMax: 8 * 1024 * 1024,
  historyRevisionsMax: 432_000,
  historyBytesMax: 64 * 1024 * 1024,
  historyRecordCharsMax: 64 * 1024 * 1024,
};

/**
 * Between which the interval of ticket keys may be chosen: no ticket is taken for longer than seven days
 * (RFC 8446 section 4.6.1), and each new key goes to all workers.
 */
export const TICKET_KEY_MS_MIN = 100;
export const TICKET_KEY_MS_MAX: number = 7 * 24 * 60 * 60 * 1_000;
