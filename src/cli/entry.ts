/**
 * Where `kakehi` begins, once a Node that can run it was found (`bin/`). It loads only what the command line
 * needs.
 */
import { VERSION } from "./version.ts";

const args = process.argv.slice(2);
if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) {
  process.stdout.write(`kakehi ${VERSION}\n`);
} else if (args[0] === "complete") {
  const { complete } = await import("./complete.ts");
  await complete(args.slice(1));
} else {
  const { runProgram } = await import("./program.ts");
  process.exitCode = await runProgram(args);
}
