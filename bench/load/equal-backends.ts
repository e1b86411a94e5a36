/**
 * Backends that all give the same answers, in a process of their own: in one loop with the clients, each
 * would wait for the other, and the clients would count that as the proxy's silence. It writes their
 * addresses as one line of JSON, and ends with its standard input:
 *
 * ```text
 * node equal-backends.ts app 2
 * ```
 */
import { HttpBackend } from "../../testing/backends/http-backend.ts";

const [id = "", count = "1"] = process.argv.slice(2);
const options = { id, remembers: false };
const backends = await Promise.all(Array.from({ length: Number(count) }, () => HttpBackend.start(options)));
process.stdout.write(`${JSON.stringify(backends.map(({ address }) => address))}\n`);
process.stdin.on("end", () => process.exit(0)).resume();
