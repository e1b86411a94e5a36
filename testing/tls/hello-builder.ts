/**
 * Builds ClientHellos, right ones and wrong ones, for tests: each part can be replaced. No machine, no keys.
 */
import { bytesOf } from "../../src/base/bytes.ts";

export interface HelloParts {
  readonly legacyVersion?: number;
  readonly sessionId?: Uint8Array;
  readonly cipherSuites?: readonly number[];
  readonly compressions?: readonly number[];
  /** Contents by type, in order; absent: no extensions at all. */
  readonly extensions?: readonly (readonly [type: number, contents: Uint8Array])[];
}

/** A whole ClientHello message, with its header. */
export function helloMessage(parts: HelloParts = {}): Uint8Array {
  const { legacyVersion = 0x0303, sessionId = new Uint8Array(), cipherSuites = [0x1301, 0xc02b] } = parts;
  const { compressions = [0], extensions } = parts;
  const body = joined(
    uint16(legacyVersion),
    new Uint8Array(32).fill(7),
    vector8(sessionId),
    vector16(...cipherSuites.map(uint16)),
    vector8(Uint8Array.from(compressions)),
    extensions === undefined
      ? new Uint8Array()
      : vector16(...extensions.map(([type, contents]) => joined(uint16(type), vector16(contents)))),
  );
  return joined(Uint8Array.of(1, body.length >> 16), uint16(body.length & 0xffff), body);
}

/** A message as records that each carry at most `fragmentBytesMax` of it. */
export function recordsOf(message: Uint8Array, fragmentBytesMax: number = 16_384): Uint8Array {
  const records: Uint8Array[] = [];
  for (let at = 0; at < message.length; at += fragmentBytesMax) {
    const fragment = message.subarray(at, at + fragmentBytesMax);
    records.push(Uint8Array.of(22, 3, 1), vector16(fragment));
  }
  return joined(...records);
}

/** The extension `server_name` with one host name of these characters (Latin-1). */
export function serverNameExtension(name: string): readonly [number, Uint8Array] {
  return [0, vector16(Uint8Array.of(0), vector16(bytesOf(name)))];
}

export function uint16(value: number): Uint8Array {
  return Uint8Array.of((value >> 8) & 0xff, value & 0xff);
}

export function vector8(...parts: readonly Uint8Array[]): Uint8Array {
  const contents = joined(...parts);
  return joined(Uint8Array.of(contents.length), contents);
}

export function vector16(...parts: readonly Uint8Array[]): Uint8Array {
  const contents = joined(...parts);
  return joined(uint16(contents.length), contents);
}

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
