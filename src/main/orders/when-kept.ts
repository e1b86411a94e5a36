/**
 * A question is answered when what was accepted before it is kept, or is taken back: nobody is told what may
 * not be.
 *
 * Rules of this file:
 *  1. Whoever's question is not answered at once waits with its next orders (`Promise`): otherwise all that a
 *     client has sent ahead would be looked up and written together, whether it reads its answers or not.
 */
import type { Control } from "../control.ts";

type Action = () => Promise<void> | void;

/** Does `kept` or `takenBack`, now or later. Fulfilled when that is done; `undefined` if it is already. */
export function whenKept(
  { configuration }: Control,
  kept: Action,
  takenBack: Action = kept,
): Promise<void> | undefined {
  const done = Promise.withResolvers<void>();
  const outcomes: (Promise<void> | void)[] = [];
  const act = (action: Action): void => {
    outcomes.push(action());
    done.resolve(outcomes[0]);
  };
  configuration.after({ kept: () => act(kept), takenBack: () => act(takenBack) });
  return outcomes.length === 0 ? done.promise : (outcomes[0] ?? undefined);
}
