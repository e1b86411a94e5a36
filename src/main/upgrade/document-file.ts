/**
 * The document of a main that becomes another program (`model/upgrade-document.ts`), in a memory file.
 */
import { fail, type Result } from "../../base/result.ts";
import { decodeUtf8 } from "../../base/text.ts";
import { bytesInMemory, memoryPieces } from "../../io/memory-files.ts";
import { documentText, parseDocument, type UpgradeDocument } from "../../model/upgrade-document.ts";

/** A memory file of the document; who calls owns it. */
export function documentInMemory(document: UpgradeDocument): number {
  return bytesInMemory("kakehi document", [documentText(document)]);
}

/** Reads the document of a memory file, which stays open. The error is a sentence. */
export function readDocument(documentFd: number): Result<UpgradeDocument, string> {
  const text = decodeUtf8(Buffer.concat([...memoryPieces(documentFd)]));
  return text === undefined ? fail("the document is no UTF-8") : parseDocument(text);
}
