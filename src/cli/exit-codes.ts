/**
 * How a command ends, for the shell that called it. Stable: scripts depend on them.
 */

export const EXIT = {
  /** Done. */
  done: 0,
  /** The proxy refused the order, or could not be started. */
  refused: 1,
  /** The command line is wrong; nothing was sent. */
  usage: 2,
  /** The proxy cannot be reached, went away, or did not answer in time. */
  unreachable: 3,
  /** Ctrl-C, as shells count it: 128 + SIGINT. */
  interrupted: 130,
} as const;

/** The codes that scripts go by, in words. */
export const EXIT_MEANINGS: Readonly<Record<number, string>> = {
  [EXIT.done]: "done",
  [EXIT.refused]: "the proxy refused the order, or could not start",
  [EXIT.usage]: "the command line is wrong; nothing was sent",
  [EXIT.unreachable]: "the proxy cannot be reached, went away, or did not answer in time",
};

/** The command line asks for what makes no sense. The message says what would. */
export class UsageError extends Error {
  override readonly name: string = "UsageError";
}

/** The proxy did not start. The message says why. */
export class StartError extends Error {
  override readonly name: string = "StartError";
}

/** The proxy is there and says nothing. What was sent may still be carried out. */
export class NoAnswerError extends Error {
  override readonly name: string = "NoAnswerError";
}
