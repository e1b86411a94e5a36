/**
 * The hash of a configuration, kept up with each change at the cost of the change.
 *
 * Each fact of the configuration (an object, the place of a regex frontend behind another) is mixed into 128
 * bits, and the facts are added up. Adding commutes and can be taken back, so equal configurations have equal
 * hashes, whatever the path that led there and in whatever process. It finds drift and tells states apart; it
 * is not made to withstand forgery.
 */

const LANES = 4;

export class ConfigurationHash {
  readonly #sum: Uint32Array = new Uint32Array(LANES);
  readonly #lanes: Uint32Array = new Uint32Array(LANES);

  /** Takes in a fact that has become true. Facts are texts; each is in the sum once. */
  add(fact: string): void {
    mixInto(this.#lanes, fact);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! += this.#lanes[lane]!;
  }

  /** Takes out a fact that is no longer true. */
  remove(fact: string): void {
    mixInto(this.#lanes, fact);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! -= this.#lanes[lane]!;
  }

  /** 32 hexadecimal digits. */
  text(): string {
    let text = "";
    for (const lane of this.#sum) text += lane.toString(16).padStart(8, "0");
    return text;
  }
}

/**
 * Four multiply-and-rotate lanes over the UTF-16 units, crossed at the end so that each output bit hangs on
 * all of them.
 */
function mixInto(lanes: Uint32Array, text: string): void {
  let a = 0x9e3779b9;
  let b = 0x243f6a88;
  let c = 0xb7e15162;
  let d = 0x6a09e667 ^ text.length;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    a = Math.imul(((a << 13) | (a >>> 19)) ^ unit, 0x85ebca6b);
    b = Math.imul(((b << 15) | (b >>> 17)) ^ unit, 0xc2b2ae35);
    c = Math.imul(((c << 11) | (c >>> 21)) ^ unit, 0x27d4eb2f);
    d = Math.imul(((d << 17) | (d >>> 15)) ^ unit, 0x165667b1);
  }
  lanes[0] = finish(a ^ finish(b + c));
  lanes[1] = finish(b ^ finish(c + d));
  lanes[2] = finish(c ^ finish(d + a));
  lanes[3] = finish(d ^ finish(a + b));
}

/** Spreads each bit over the whole word. */
function finish(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
