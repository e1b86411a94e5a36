/**
 * Who sends orders, and by which way they come.
 */
import type { Socket } from "node:net";
import { descriptorOf } from "../../io/node-descriptors.ts";
import type { Author } from "../../model/author.ts";
import { peerOf } from "../author.ts";

/** The command socket, the one on which nothing can be changed, or a signal to main. */
export type Via = "command" | "read" | "signal";

export interface Sender extends Omit<Author, "order_id"> {
  readonly via: Via;
}

/** Who is connected by this socket, by the kernel's word. */
export function senderOf(socket: Socket, via: Via): Sender {
  return { ...peerOf(descriptorOf(socket)), via };
}
