/**
 * The answers to one order, waiting to be read by one reader. It knows no socket: who fills it sees how many
 * wait and holds the connection back.
 */

/** One order's answers: filled by the connection, read with `for await`. */
export class AnswerQueue<Answer> implements AsyncIterableIterator<Answer> {
  readonly #waiting: Answer[] = [];
  readonly #onRead: (count: number) => void;
  readonly #onLeft: () => void;
  #end: { readonly error?: Error } | undefined;
  #reader: PromiseWithResolvers<IteratorResult<Answer>> | undefined;

  /**
   * `onRead` is told how many waiting answers were taken or thrown away; `onLeft`, that the reader stopped
   * early.
   */
  constructor(onRead: (count: number) => void, onLeft: () => void) {
    this.#onRead = onRead;
    this.#onLeft = onLeft;
  }

  /** Adds an answer; true when it has to wait for its reader. */
  add(answer: Answer): boolean {
    if (this.#reader === undefined) return this.#waiting.push(answer) > 0;
    this.#reader.resolve({ done: false, value: answer });
    this.#reader = undefined;
    return false;
  }

  /** No more answers follow; what waits can still be read, then `error` is thrown where there is one. */
  end(error?: Error): void {
    if (this.#end !== undefined) return;
    this.#end = error === undefined ? {} : { error };
    if (this.#reader === undefined) return;
    this.next().then(this.#reader.resolve, this.#reader.reject);
    this.#reader = undefined;
  }

  next(): Promise<IteratorResult<Answer>> {
    const answer = this.#waiting.shift();
    if (answer !== undefined) {
      this.#onRead(1);
      return Promise.resolve({ done: false, value: answer });
    }
    const end = this.#end;
    if (end !== undefined) {
      this.#end = {};
      return end.error ? Promise.reject(end.error) : Promise.resolve({ done: true, value: undefined });
    }
    this.#reader ??= Promise.withResolvers();
    return this.#reader.promise;
  }

  /** The reader has seen enough: the order goes on in the proxy, its answers are no longer kept. */
  return(): Promise<IteratorResult<Answer>> {
    this.#onRead(this.#waiting.splice(0).length);
    if (this.#end === undefined) this.#onLeft();
    this.end();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
