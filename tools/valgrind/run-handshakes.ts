/**
 * Runs so many handshakes, and says what lives afterwards: the program that `tools/valgrind.ts` watches.
 *
 * `node tools/valgrind/run-handshakes.ts COUNT`
 */
import { HandshakeMill } from "../../testing/tls/handshake-mill.ts";
import { freeAll } from "../../testing/tls/pair.ts";

const count = Number(process.argv[2]);
const mills = [new HandshakeMill("TLSv1.3"), new HandshakeMill("TLSv1.2")];
for (let index = 0; index < count; index++) mills[index % mills.length]!.turn();
console.log(JSON.stringify({ handshakes: count, ...freeAll() }));
