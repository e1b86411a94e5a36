/**
 * Giving Node's own loop one whole turn, and coming back from it: timers, sockets, and the immediates of
 * others.
 *
 * We come back through a message to ourselves and not through an immediate, for two reasons. While an
 * immediate is running, libuv cannot tell when it is due. And immediates that were set after ours would wait
 * for as long as we sleep. The message is sent from an immediate all the same: sent at once, Node would
 * deliver it before anything else had its turn.
 */
import { MessageChannel, type MessagePort } from "node:worker_threads";

export class NodeTurn {
  readonly #receiver: MessagePort;
  readonly #sender: MessagePort;
  #immediate: NodeJS.Immediate | undefined;

  /** `comeBack` is called after each turn that was given. */
  constructor(comeBack: () => void) {
    const { port1, port2 } = new MessageChannel();
    this.#receiver = port1;
    this.#sender = port2;
    this.#receiver.on("message", comeBack);
  }

  /** Call it and return: Node has its turn, then `comeBack` is called. */
  give(): void {
    this.#immediate = setImmediate(this.#send);
  }

  /** It never comes back again. */
  stop(): void {
    clearImmediate(this.#immediate);
    this.#receiver.removeAllListeners("message");
    this.#receiver.close();
  }

  readonly #send = (): void => {
    this.#sender.postMessage(undefined);
  };
}
