/**
 * Who made a change. Types only: the kernel says which process a client is, main who it is itself.
 */

/** Of a client: its user, its process when it connected, and the `id` that it gave its order. */
export interface Author {
  /** `null`: not known. */
  readonly uid: number | null;
  readonly pid: number | null;
  /** `null`: nobody sent an order; it was a signal, or the proxy's own start. */
  readonly order_id: string | null;
}
