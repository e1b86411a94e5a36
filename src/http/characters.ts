/**
 * The character classes of HTTP as one table of bits, so that a reader asks once per byte. From RFC 9110
 * section 5.6.2 (token), section 5.5 (field-value) and RFC 9112 section 3.2 (request-target: visible ASCII
 * only, and no fragment).
 */

export const TOKEN = 1;
export const VALUE = 2;
export const TARGET = 4;
export const HOST = 8;
export const DIGIT = 16;
export const HEX_DIGIT = 32;

export const CLASS: Uint8Array = makeTable();

function makeTable(): Uint8Array {
  const table = new Uint8Array(256);
  const mark = (bit: number, matches: (character: string, byte: number) => boolean): void => {
    for (let byte = 0; byte < 256; byte++) {
      if (matches(String.fromCharCode(byte), byte)) table[byte]! |= bit;
    }
  };
  mark(TOKEN, (character) => /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/.test(character));
  mark(VALUE, (_, byte) => byte === 0x09 || (byte >= 0x20 && byte !== 0x7f));
  mark(TARGET, (character, byte) => byte > 0x20 && byte < 0x7f && character !== "#");
  mark(HOST, (character) => /^[0-9A-Za-z._-]$/.test(character));
  mark(DIGIT, (character) => /^[0-9]$/.test(character));
  mark(HEX_DIGIT, (character) => /^[0-9A-Fa-f]$/.test(character));
  return table;
}
