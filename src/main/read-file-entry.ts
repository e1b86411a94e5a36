/**
 * A process that reads a configuration file for main: main would answer nobody meanwhile, and this one may
 * end for want of memory or time. It changes nothing anywhere. Wiring only.
 */
import { Readable } from "node:stream";
import { text as textOf } from "node:stream/consumers";
import { pipeline } from "node:stream/promises";
import { programVersion } from "../io/program-version.ts";
import { complaintsOf } from "../model/file/fault.ts";
import { digestOf, type FileObjects, readFileObjects } from "./file/file-objects.ts";
import { piecesOf, type ReaderMessage, type ReaderTask } from "./file/reader-messages.ts";
import { readConfigurationText, WRITTEN_MEANWHILE } from "./file/read-text.ts";

const task = JSON.parse(await textOf(process.stdin)) as ReaderTask;
const messages = await (task.kind === "read" ? read(task.path) : locate(task));
await pipeline(Readable.from(piecesOf([{ version: programVersion() }, ...messages])), process.stdout);

async function read(path: string): Promise<Iterable<ReaderMessage>> {
  const result = await readFileObjects(path);
  return result.ok ? messagesOf(result.value) : [{ kind: "failed", reason: result.error }];
}

function* messagesOf({ head, objects, text }: FileObjects): Iterable<ReaderMessage> {
  yield { kind: "head", digest: digestOf(text), head: { ...head, owns: [...head.owns] } };
  for (const object of objects) yield { kind: "object", object };
  yield { kind: "done" };
}

async function locate({ path, digest, faults }: ReaderTask & { kind: "locate" }): Promise<ReaderMessage[]> {
  const text = await readConfigurationText(path);
  if (!text.ok) return [{ kind: "failed", reason: text.error }];
  if (digestOf(text.value) !== digest) return [{ kind: "failed", reason: WRITTEN_MEANWHILE }];
  return [{ kind: "complaints", complaints: complaintsOf(text.value, faults) }, { kind: "done" }];
}
