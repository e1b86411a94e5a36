/**
 * The head of one message, as views on the bytes it was received in: nothing is copied, no string is made.
 * One `Head` is used again and again; what it shows is true only until the bytes go away or the next head is
 * read into it.
 *
 * Version-neutral: HTTP/1 reads it from a start line and field lines; HTTP/2 will read it from a decoded
 * header block. It knows neither framing on the wire nor what to do with the message.
 *
 * ```text
 *  bytes   GET /path?q HTTP/1.1␍␊Host: example.com␍␊Accept: *␍␊␍␊body…
 *          ^start ^target        ^nameStart[0]     ^nameStart[1]   ^end
 * ```
 */
/** The most fields in one head (and in one trailer section): more is refused with 431. */
export const FIELDS_MAX = 128;

/** How the end of a message's body is known. */
export const FRAMING = { none: 0, length: 1, chunked: 2, untilClose: 3 } as const;
export type Framing = (typeof FRAMING)[keyof typeof FRAMING];

/** What the `Connection` field asked for. */
export const PERSISTENCE = { byVersion: 0, close: 1, keepAlive: 2 } as const;
export type Persistence = (typeof PERSISTENCE)[keyof typeof PERSISTENCE];

const NOTHING = new Uint8Array(0);

export class Head {
  bytes: Uint8Array = NOTHING;
  /** The same bytes, to read four at a time. */
  view: DataView = new DataView(NOTHING.buffer);
  start = 0;
  /** Just behind the empty line that ends the head. */
  end = 0;

  methodStart = 0;
  methodEnd = 0;
  /** The whole target as received. */
  targetStart = 0;
  targetEnd = 0;
  /** The target's path; never empty: "/" where the target has none. */
  pathStart = 0;
  pathEnd = 0;
  /** Where the query begins, with its `?`; it ends at `targetEnd`. */
  queryStart = 0;
  /**
   * The request is about the server as a whole (RFC 9110 section 9.3.7): `OPTIONS *`, or `OPTIONS` of an
   * absolute target without path and query, which means the same.
   */
  isAboutServer = false;
  /**
   * The authority (host and port): from the Host field, which an absolute target has to equal. Empty if there
   * is none.
   */
  authorityStart = 0;
  authorityEnd = 0;
  /** Where the host of the authority ends and its `:port` begins. */
  hostEnd = 0;

  /** Minor version of HTTP/1: 0 or 1. */
  minorVersion = 1;
  /** Status code of a response; 0 for a request. */
  status = 0;
  /** Where the status code begins in a status line. */
  statusStart = 0;

  fieldCount = 0;
  readonly nameStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly nameEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueStart: Int32Array = new Int32Array(FIELDS_MAX);
  readonly valueEnd: Int32Array = new Int32Array(FIELDS_MAX);
  readonly fieldId: Uint8Array = new Uint8Array(FIELDS_MAX);
  /** One bit per field id: it is there; it is there more than once. */
  seen = 0;
  repeated = 0;

  framing: Framing = FRAMING.none;
  /** Body bytes for `FRAMING.length`, else 0. */
  contentLength = 0;
  persistence: Persistence = PERSISTENCE.byVersion;
  /** Index of the Upgrade field that the Connection field asks to obey; -1 if none. */
  upgradeField = -1;
  /** True if the Connection field names other fields, which then are not passed on either. */
  namesHopByHop = false;

  /** Forgets the last message. */
  clear(bytes: Uint8Array, start: number): void {
    if (bytes !== this.bytes) {
      this.bytes = bytes;
      this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    }
    this.seen = this.repeated = 0;
    this.start = start;
    this.end = start;
    this.authorityStart = this.authorityEnd = this.hostEnd = 0;
    this.isAboutServer = false;
    this.status = 0;
    this.fieldCount = 0;
    this.framing = FRAMING.none;
    this.contentLength = 0;
    this.persistence = PERSISTENCE.byVersion;
    this.upgradeField = -1;
    this.namesHopByHop = false;
  }

  /** Keeps field `index`: its id and the offsets of its name and value. */
  setField(
    index: number,
    id: number,
    nameStart: number,
    nameEnd: number,
    valueStart: number,
    valueEnd: number,
  ): void {
    this.fieldId[index] = id;
    this.nameStart[index] = nameStart;
    this.nameEnd[index] = nameEnd;
    this.valueStart[index] = valueStart;
    this.valueEnd[index] = valueEnd;
    const bit = 1 << id;
    this.repeated |= this.seen & bit;
    this.seen |= bit;
  }

  /** True if at least one field has this id. */
  has(id: number): boolean {
    return (this.seen & (1 << id)) !== 0;
  }

  /** True if two or more fields have this id. */
  hasRepeated(id: number): boolean {
    return (this.repeated & (1 << id)) !== 0;
  }

  /** Index of the first field with this id at or after `from`; -1 if none. */
  findField(id: number, from: number = 0): number {
    if (!this.has(id)) return -1;
    for (let index = from; index < this.fieldCount; index++) {
      if (this.fieldId[index] === id) return index;
    }
    return -1;
  }

  /** Whether a request's head announces content (RFC 9112 section 6.3); its framing is read by then. */
  get hasContent(): boolean {
    return this.framing === FRAMING.chunked || (this.framing === FRAMING.length && this.contentLength > 0);
  }

  /** Whether the peer that sent this head wants to use the connection again (RFC 9112 section 9.3). */
  get keepsAlive(): boolean {
    if (this.persistence === PERSISTENCE.close) return false;
    return this.minorVersion === 1 || this.persistence === PERSISTENCE.keepAlive;
  }
}
