/**
 * Records in files: the frames of the command socket, each followed by a newline so that a person can read
 * them. State files and journals are made of them. Each record knows where it stands, so that damage can be
 * named.
 */
import { decodeUtf8 } from "../base/text.ts";
import { FrameReader, frameText } from "./framing.ts";

/** One order with all that it may hold is far smaller; this bounds what is held of a damaged file. */
const RECORD_BYTES_MAX = 4_194_304;
const ZERO = 0x00;

interface RecordPlace {
  /** From 1. */
  readonly number: number;
  /** Where it begins in the file. */
  readonly atByte: number;
}

export type FileRecord =
  | (RecordPlace & { readonly kind: "record"; readonly value: Readonly<Record<string, unknown>> })
  | (RecordPlace & { readonly kind: "damaged"; readonly reason: string })
  /** The file ends before the record does. */
  | (RecordPlace & { readonly kind: "unfinished" });

/** One record's text: what `RecordReader` reads. */
export function recordText(value: object): string {
  return `${frameText(value)}\n`;
}

/** `record 3, at byte 210`, for messages. */
export function placeText(record: RecordPlace): string {
  return `record ${record.number}, at byte ${record.atByte}`;
}

/** Splits a file's bytes into records. One per file; the file may come in pieces. */
export class RecordReader {
  readonly #frames = new FrameReader({ frameBytesMax: RECORD_BYTES_MAX });
  #number = 1;
  #atByte = 0;
  #bytes = 0;

  /**
   * Takes the next bytes and gives the records that they complete. After a damaged one nothing more may be
   * pushed.
   */
  push(bytes: Uint8Array): readonly FileRecord[] {
    const records: FileRecord[] = [];
    let start = 0;
    let way: "unknown" | "slow" = "unknown";
    while (start < bytes.length) {
      if (way === "unknown" && this.#frames.pendingBytes === 0) {
        start = this.#readPlain(bytes, start, records);
        way = "slow";
        continue;
      }
      const zero = bytes.indexOf(ZERO, start);
      const end = zero === -1 ? bytes.length : zero + 1;
      const record = this.#read(bytes.subarray(start, end));
      if (record !== undefined) records.push(record);
      if (record?.kind === "damaged") return records;
      start = end;
    }
    return records;
  }

  /** Ends the file. Gives the record that it cuts short, if it does. */
  end(): FileRecord | undefined {
    const [rest] = this.#frames.push(Uint8Array.of(ZERO));
    return rest && { kind: "unfinished", number: this.#number, atByte: this.#atByte };
  }

  /**
   * Reads the records that are whole in `bytes` from one text, as far as they are plain JSON in ASCII, as
   * nearly all are. Gives where what is left begins: the slow way decides on it, and says what is wrong with
   * it.
   */
  #readPlain(bytes: Uint8Array, start: number, records: FileRecord[]): number {
    const plain = bytes.subarray(start, Math.max(start, bytes.lastIndexOf(ZERO) + 1));
    const text = decodeUtf8(plain);
    // As many characters as bytes: places in the text are places in the bytes.
    if (text?.length !== plain.length) return start;
    let at = 0;
    while (at < text.length) {
      const zero = text.indexOf("\0", at);
      if (zero - at > RECORD_BYTES_MAX) break;
      const value = parseObject(text.slice(at, zero));
      if (value === undefined) break;
      records.push({ kind: "record", number: this.#number++, atByte: this.#atByte, value });
      this.#bytes += zero + 1 - at;
      this.#atByte = this.#bytes;
      at = zero + 1;
    }
    return start + at;
  }

  /** Bytes of at most one record. */
  #read(bytes: Uint8Array): FileRecord | undefined {
    const place = { number: this.#number, atByte: this.#atByte };
    const [frame] = this.#frames.push(bytes);
    this.#bytes += bytes.length;
    if (bytes.at(-1) === ZERO) this.#atByte = this.#bytes;
    if (frame === undefined) return undefined;
    this.#number++;
    switch (frame.kind) {
      case "object":
        return { kind: "record", ...place, value: frame.value };
      case "malformed":
        return { kind: "damaged", ...place, reason: frame.reason };
      case "too-large":
        return { kind: "damaged", ...place, reason: `more than ${frame.bytesMax} bytes` };
    }
  }
}

/** `undefined` for everything but a JSON object. */
function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = JSON.parse(text) as unknown;
    return typeof value === "object" && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
