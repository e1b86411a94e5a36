/**
 * Reads the PROXY header that a connection begins with, strictly and whatever the pieces, for backends under
 * test. Written from the specification alone: it shares nothing with the proxy's own reader.
 */
import { isIPv4, isIPv6 } from "node:net";
import { MalformedMessage } from "./head.ts";

const SIGNATURE = Buffer.from("0d0a0d0a000d0a515549540a", "hex");
const LINE_BYTES_MAX = 107;
const FIXED_BYTES = 16;

export class ProxyHeaderReader {
  /** As in `v1 TCP4 192.0.2.1 40000 198.51.100.1 443`, once it has come. `v1 UNKNOWN`, `v2 LOCAL`: nobody. */
  header: string | undefined;
  #pending: Buffer = Buffer.alloc(0);

  /** Takes the next bytes and gives those behind the header. Throws `MalformedMessage`. */
  push(bytes: Buffer): Buffer {
    if (this.header !== undefined) return bytes;
    this.#pending = Buffer.concat([this.#pending, bytes]);
    const length = this.#pending[0] === SIGNATURE[0] ? this.#binaryLength() : this.#lineLength();
    if (length === undefined) return Buffer.alloc(0);
    const header = this.#pending.subarray(0, length);
    this.header = header[0] === SIGNATURE[0] ? parseBinary(header) : parseLine(header.toString("latin1"));
    return this.#pending.subarray(length);
  }

  #lineLength(): number | undefined {
    const end = this.#pending.indexOf("\r\n");
    if (end === -1 ? this.#pending.length >= LINE_BYTES_MAX : end + 2 > LINE_BYTES_MAX)
      throw new MalformedMessage("a PROXY line of more than 107 bytes");
    return end === -1 ? undefined : end + 2;
  }

  #binaryLength(): number | undefined {
    if (this.#pending.length < FIXED_BYTES) return undefined;
    const length = FIXED_BYTES + this.#pending.readUInt16BE(14);
    return this.#pending.length < length ? undefined : length;
  }
}

function parseLine(line: string): string {
  if (line === "PROXY UNKNOWN\r\n") return "v1 UNKNOWN";
  const [proxy, protocol, source = "", destination = "", from, to, ...more] = line.slice(0, -2).split(" ");
  const isIp = protocol === "TCP4" ? isIPv4 : isIPv6;
  const isWhole = more.length === 0 && [from, to].every((port) => /^[1-9][0-9]{0,4}$/.test(port ?? ""));
  const isTcp = protocol === "TCP4" || protocol === "TCP6";
  if (proxy !== "PROXY" || !isTcp || !isWhole || !isIp(source) || !isIp(destination))
    throw new MalformedMessage(`no PROXY line: ${JSON.stringify(line)}`);
  return `v1 ${protocol} ${source} ${from} ${destination} ${to}`;
}

function parseBinary(header: Buffer): string {
  const [command, family] = [header[12], header[13]];
  if (header.subarray(0, 12).equals(SIGNATURE) && command === 0x20) return "v2 LOCAL";
  const isTcp4 = family === 0x11 && header.length === FIXED_BYTES + 12;
  const isTcp6 = family === 0x21 && header.length === FIXED_BYTES + 36;
  if (!header.subarray(0, 12).equals(SIGNATURE) || command !== 0x21 || (!isTcp4 && !isTcp6))
    throw new MalformedMessage(`no PROXY header: ${header.toString("hex")}`);
  const size = isTcp4 ? 4 : 16;
  const at = FIXED_BYTES;
  const ipOf = (start: number): string => {
    const ip = header.subarray(start, start + size);
    return isTcp4 ? ip.join(".") : ip.toString("hex").match(/.{4}/g)!.join(":");
  };
  const ports = at + 2 * size;
  const [from, to] = [header.readUInt16BE(ports), header.readUInt16BE(ports + 2)];
  return `v2 ${isTcp4 ? "TCP4" : "TCP6"} ${ipOf(at)} ${from} ${ipOf(at + size)} ${to}`;
}
