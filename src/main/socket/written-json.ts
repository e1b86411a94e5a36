/**
 * The data of an answer that is JSON already, because writing it took more than one turn of the loop.
 */
export class WrittenJson {
  /** UTF-8; together they are one JSON value. */
  readonly parts: readonly Buffer[];

  constructor(parts: readonly Buffer[]) {
    this.parts = parts;
  }
}
