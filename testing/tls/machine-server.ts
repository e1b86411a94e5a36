/**
 * Machines behind real sockets, for real peers: a server that answers each piece of plaintext with the same
 * in upper case, and a client that reads to the end.
 */
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { TlsMachine } from "../../src/tls/machine.ts";
import { CLOSED, WANTS_MORE } from "../../src/tls/machine.ts";
import { feed, take, write } from "./wire.ts";

export interface MachineServer {
  readonly port: number;
  /** Every machine that was made, the last one last. Freed by `close`. */
  readonly machines: readonly TlsMachine[];
  close(): Promise<void>;
}

/** Serves on a free port of 127.0.0.1; `accept` makes a machine for each connection. */
export async function serveMachines(accept: () => TlsMachine): Promise<MachineServer> {
  const machines: TlsMachine[] = [];
  const server: Server = createServer((socket) => {
    const machine = accept();
    machines.push(machine);
    socket.on("data", (bytes) => answer(machine, socket, Buffer.from(bytes)));
    socket.on("error", () => socket.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    port,
    machines,
    close: async () => {
      server.close();
      await once(server, "close");
      for (const machine of machines) machine.free();
    },
  };
}

function answer(machine: TlsMachine, socket: Socket, bytes: Buffer): void {
  const { plaintext, end, ciphertext } = feed(machine, bytes);
  socket.write(ciphertext);
  if (plaintext.length > 0)
    socket.write(write(machine, Buffer.from(plaintext.toString("latin1").toUpperCase())));
  if (end === WANTS_MORE) return;
  if (end === CLOSED) machine.shutdown();
  socket.end(take(machine));
}

/**
 * Connects a client's machine, says `text` once it may, and gives what came until `length` bytes or the end.
 */
export async function askServer(
  machine: TlsMachine,
  port: number,
  text: string,
  length: number,
): Promise<string> {
  const socket = connect(port, "127.0.0.1");
  socket.write(take(machine));
  let heard = "";
  let isSaid = false;
  for await (const bytes of socket) {
    const { plaintext, end, ciphertext } = feed(machine, bytes as Buffer);
    heard += plaintext.toString("latin1");
    socket.write(ciphertext);
    if (machine.session !== undefined && !isSaid) socket.write(write(machine, Buffer.from(text)));
    isSaid = machine.session !== undefined;
    if (end < WANTS_MORE || heard.length >= length) break;
  }
  machine.shutdown();
  socket.end(take(machine));
  return heard;
}
