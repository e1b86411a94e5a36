/**
 * How a function of the running Node's OpenSSL is declared. Where a distribution's Node links OpenSSL as a
 * shared library, its symbols are found the same way.
 *
 * Rules of this file and of those that declare with it (`ssl-calls.ts`, `crypto-calls.ts`):
 *  1. Each symbol is declared once, under OpenSSL's own name, so that its manual page is found by it.
 *  2. Arguments and results are integers; memory is passed as an address that came from `arena.ts`, or as
 *     one that OpenSSL gave and that its owner still holds.
 */
import koffi from "koffi";

const library = koffi.load(null);

export type Call<Arguments extends readonly number[]> = (...values: Arguments) => number;

/** By the number of its arguments. */
export type Call0 = Call<[]>;
export type Call1 = Call<[number]>;
export type Call2 = Call<[number, number]>;
export type Call3 = Call<[number, number, number]>;
export type Call4 = Call<[number, number, number, number]>;
export type Call5 = Call<[number, number, number, number, number]>;
export type Call6 = Call<[number, number, number, number, number, number]>;

/** Pointers, sizes, `long`. */
export const WORD = "int64_t";

type Integer = "uint8_t" | "int" | "uint32_t" | typeof WORD | "void";

/** Declares `name` by the types of its result and arguments. */
export function declare<Arguments extends readonly number[]>(
  result: Integer,
  name: string,
  ...types: { readonly [Index in keyof Arguments]: Integer }
): Call<Arguments> {
  return library.func(`${result} ${name}(${types.join(", ")})`);
}

/**
 * The address of a JavaScript function that OpenSSL may call while one of our calls runs. It must not throw:
 * nobody there could catch it. It lives as long as the process.
 */
export function addressOfCallback<Arguments extends readonly number[]>(
  result: Integer,
  name: string,
  types: { readonly [Index in keyof Arguments]: Integer },
  callback: Call<Arguments>,
): number {
  const prototype = koffi.proto(`${result} ${name}(${types.join(", ")})`);
  return Number(koffi.address(koffi.register(callback, koffi.pointer(prototype))));
}
