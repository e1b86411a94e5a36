/**
 * `kakehi undrain`: what drains is used again.
 */
export { declareUndrain as declare } from "./drain.ts";
