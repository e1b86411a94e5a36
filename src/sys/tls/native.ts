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

type Integer = "uint8_t" | "int" | "uint32_t" | "int64_t" | "void";

/** Declares `name` by the types of its result and arguments; pointers and sizes are `int64_t`. */
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
