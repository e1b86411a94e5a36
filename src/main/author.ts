/**
 * Who gives main its orders: a client of the command socket, as the kernel knows it, or main itself.
 */
import type { Author } from "../model/author.ts";
import { peerCredentials } from "../sys/unix-socket.ts";

/** Main stays whose it was at its start, and each order asks. */
const OWN_UID = process.getuid?.() ?? null;

/** Who is at the other end of this socket; what the kernel does not say is `null`. */
export function peerOf(fd: number): Omit<Author, "order_id"> {
  const peer = peerCredentials(fd);
  return peer.ok ? { uid: peer.value.uid, pid: peer.value.pid } : { uid: null, pid: null };
}

/** Main, where no client has sent the order. */
export function ownAuthor(): Author {
  return { uid: OWN_UID, pid: process.pid, order_id: null };
}
