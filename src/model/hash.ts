/**
 * The hash of a configuration, kept up with each change at the cost of the change.
 *
 * Each fact of the configuration (an object, the place of a regex frontend behind another) is mixed into 128
 * bits, and the facts are added up. Adding commutes and can be taken back, so equal configurations have equal
 * hashes, whatever the path that led there and in whatever process. The fields of an object are added up in
 * the same way, so their order does not matter either. It finds drift and tells states apart; it is not made
 * to withstand forgery.
 */

/** 128 bits. */
type Lanes = Uint32Array;
const LANES = 4;

/** A fact is a text, a number, a flag, or an object of such. */
export class ConfigurationHash {
  readonly #sum: Lanes = new Uint32Array(LANES);
  readonly #fact: Lanes = new Uint32Array(LANES);

  /** Takes in a fact that has become true. `label` tells facts of different meaning apart. */
  add(label: string, fact: unknown): void {
    this.#fact.fill(0);
    addField(this.#fact, label, fact);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! += this.#fact[lane]!;
  }

  /** Takes out a fact that is no longer true. */
  remove(label: string, fact: unknown): void {
    this.#fact.fill(0);
    addField(this.#fact, label, fact);
    for (let lane = 0; lane < LANES; lane++) this.#sum[lane]! -= this.#fact[lane]!;
  }

  /** 32 hexadecimal digits. */
  text(): string {
    let text = "";
    for (const lane of this.#sum) text += lane.toString(16).padStart(8, "0");
    return text;
  }
}

/** What tells the values of a field apart that are written alike. */
const TEXT = 1;
const OBJECT = 2;
const OTHER = 3;

/**
 * Adds the hash of one field, its name with its value, to `sum`. An object's is that of its fields, added up.
 */
function addField(sum: Lanes, name: string, value: unknown): void {
  const mixer = new Mixer();
  mixer.mixText(TEXT, name);
  if (typeof value === "string") mixer.mixText(TEXT, value);
  else if (typeof value === "object" && value !== null) mixer.mixLanes(sumOfFields(value));
  else mixer.mixText(OTHER, String(value));
  mixer.addTo(sum);
}

function sumOfFields(value: object): Lanes {
  const sum = new Uint32Array(LANES);
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name in fields) addField(sum, name, fields[name]);
  return sum;
}

/** Four lanes of multiplying and rotating, which meet at the end. */
class Mixer {
  #a = 0x9e3779b9 | 0;
  #b = 0x243f6a88 | 0;
  #c = 0xb7e15162 | 0;
  #d = 0x6a09e667 | 0;

  /** What it is and how long it is go first: no two texts run together. */
  mixText(sort: number, text: string): void {
    this.#mixWord((sort << 28) ^ text.length);
    for (let at = 0; at < text.length; at++) this.#mixWord(text.charCodeAt(at));
  }

  mixLanes(lanes: Lanes): void {
    this.#mixWord(OBJECT << 28);
    for (const lane of lanes) this.#mixWord(lane);
  }

  addTo(sum: Lanes): void {
    sum[0]! += spread(this.#a ^ spread(this.#b + this.#c));
    sum[1]! += spread(this.#b ^ spread(this.#c + this.#d));
    sum[2]! += spread(this.#c ^ spread(this.#d + this.#a));
    sum[3]! += spread(this.#d ^ spread(this.#a + this.#b));
  }

  #mixWord(word: number): void {
    this.#a = Math.imul(((this.#a << 13) | (this.#a >>> 19)) ^ word, 0x85ebca6b);
    this.#b = Math.imul(((this.#b << 15) | (this.#b >>> 17)) ^ word, 0xc2b2ae35);
    this.#c = Math.imul(((this.#c << 11) | (this.#c >>> 21)) ^ word, 0x27d4eb2f);
    this.#d = Math.imul(((this.#d << 17) | (this.#d >>> 15)) ^ word, 0x165667b1);
  }
}

/** Spreads each bit over the whole word. */
function spread(word: number): number {
  let mixed = Math.imul(word ^ (word >>> 16), 0x7feb352d);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x846ca68b);
  return mixed ^ (mixed >>> 16);
}
