/**
 * Questions that all workers are asked, until each has answered or is gone. It knows no channels: who asks
 * sends the number.
 */

/** What each worker answered to a question, by worker. */
export type WorkerAnswers = ReadonlyMap<number, unknown>;

interface OpenQuestion {
  readonly answers: Map<number, unknown>;
  readonly waitingFor: Set<number>;
  readonly tell: (answers: WorkerAnswers) => void;
}

export class Questions {
  readonly #open: Map<number, OpenQuestion> = new Map();
  #lastNumber = 0;

  /**
   * Opens a question to these workers: its number, by which they answer, and what they will have answered.
   * Those that go meanwhile are left out.
   */
  open(workers: readonly number[]): { readonly number: number; readonly answers: Promise<WorkerAnswers> } {
    const number = ++this.#lastNumber;
    const { promise, resolve } = Promise.withResolvers<WorkerAnswers>();
    const question = { answers: new Map<number, unknown>(), waitingFor: new Set(workers), tell: resolve };
    this.#open.set(number, question);
    this.#tellIfAnswered(number, question);
    return { number, answers: promise };
  }

  /** What nobody waits for is ignored. */
  answered(worker: number, number: number, data: unknown): void {
    const question = this.#open.get(number);
    if (question === undefined || !question.waitingFor.delete(worker)) return;
    question.answers.set(worker, data);
    this.#tellIfAnswered(number, question);
  }

  /** A worker is gone: nobody waits for its answers. What it said before counts. */
  forgetWorker(worker: number): void {
    for (const [number, question] of this.#open) {
      if (question.waitingFor.delete(worker)) this.#tellIfAnswered(number, question);
    }
  }

  #tellIfAnswered(number: number, question: OpenQuestion): void {
    if (question.waitingFor.size > 0) return;
    this.#open.delete(number);
    question.tell(question.answers);
  }
}
