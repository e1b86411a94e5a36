import { readdirSync, readFileSync } from "node:fs";
import { describe, test } from "node:test";
import type { SimOptions } from "../../testing/sim/sim-network.ts";
import { runTranscript } from "./run.ts";
import { parseTranscripts } from "./transcript.ts";

const FOLDER = new URL("./", import.meta.url);

/** How the bytes are cut. Small buffers and sockets make every bound a boundary. */
const CUTS: Readonly<Record<string, SimOptions>> = {
  whole: {},
  "byte by byte": { pieces: "bytes" },
  "in random pieces, 1": { pieces: "random", seed: 1, latencyMsMax: 2 },
  "in random pieces, 2": { pieces: "random", seed: 2, latencyMsMax: 2, socketBytes: 50 },
};

for (const name of readdirSync(FOLDER).filter((each) => each.endsWith(".md") && each !== "README.md")) {
  const transcripts = parseTranscripts(readFileSync(new URL(name, FOLDER), "utf8"));
  describe(name, () => {
    for (const transcript of transcripts) {
      for (const [cut, options] of Object.entries(CUTS)) {
        test(`${transcript.name} (${cut})`, () => runTranscript(transcript, options));
      }
    }
  });
}
