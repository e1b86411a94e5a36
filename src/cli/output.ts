/**
 * The two streams of a command: data goes to stdout, everything else to stderr.
 */

/** Prints text for people. It ends in a newline. */
export function print(text: string): void {
  process.stdout.write(text.endsWith("\n") ? text : `${text}\n`);
}

/** Prints one document for programs, on one line. */
export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** Says something beside the data. */
export function note(text: string): void {
  process.stderr.write(`${text}\n`);
}

/**
 * When the reader of our output has seen enough (`| head`), there is nothing left to do, and nothing to
 * complain about.
 */
export function endQuietlyWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit();
  });
}

/** For what goes on running: that nobody reads our output any more is no reason to end. */
export function outliveReader(): void {
  process.stdout.removeAllListeners("error").on("error", () => {});
}

/**
 * What is going on, while it goes on: on a terminal one line that is rewritten, else a line each time.
 */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream = process.stderr;
  #shown = false;

  show(text: string): void {
    if (!this.#stream.isTTY) {
      this.#stream.write(`${text}\n`);
      return;
    }
    this.#stream.write(`\r\u001b[2K${text.slice(0, (this.#stream.columns || 80) - 1)}`);
    this.#shown = true;
  }

  /** Takes the line away, so that what follows stands alone. */
  clear(): void {
    if (this.#shown) this.#stream.write("\r\u001b[2K");
    this.#shown = false;
  }
}
