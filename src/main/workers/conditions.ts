/**
 * Conditions that the coming and going of workers can change, and who waits for one.
 */

export class Conditions {
  readonly #isHopeless: () => boolean;
  readonly #looks: Set<() => void> = new Set();

  /** `isHopeless`: whoever still waits then waits in vain. */
  constructor(isHopeless: () => boolean) {
    this.#isHopeless = isHopeless;
  }

  /**
   * True as soon as `condition` is met, at once if it is. False: not within `patienceMs` (`undefined`: no
   * bound), or there is no hope.
   */
  until(condition: () => boolean, patienceMs: number | undefined): Promise<boolean> {
    return new Promise((resolve) => {
      const conclude = (met: boolean): void => {
        this.#looks.delete(look);
        clearTimeout(timer);
        resolve(met);
      };
      const look = (): void => {
        if (condition()) conclude(true);
        else if (this.#isHopeless()) conclude(false);
      };
      const timer = patienceMs === undefined ? undefined : setTimeout(() => conclude(false), patienceMs);
      this.#looks.add(look);
      look();
    });
  }

  /** Something has changed: all that wait look again. */
  changed(): void {
    for (const look of [...this.#looks]) look();
  }
}
