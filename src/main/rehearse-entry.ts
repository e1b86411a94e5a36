/**
 * A process that rehearses: reads the document and the state that a main is about to leave to this program,
 * and says what it has made of them. It touches nothing else. Wiring only.
 */
import { CHANNEL_FORMAT } from "../model/channel.ts";
import { HANDOVER_FORMAT } from "../model/handover.ts";
import { programVersion } from "../io/program-version.ts";
import { readState } from "../io/memory-files.ts";
import { readDocument } from "./upgrade/document-file.ts";
import { REHEARSAL_DOCUMENT_FD, REHEARSAL_STATE_FD, type RehearsalAnswer } from "./upgrade/rehearsal.ts";

const document = readDocument(REHEARSAL_DOCUMENT_FD);
const state = readState(REHEARSAL_STATE_FD);
if (!document.ok || !state.ok) {
  const reason = document.ok ? state.ok || state.error : document.error;
  process.stdout.write(
    `the new program (${programVersion()}) cannot read what it is given: ${String(reason)}\n`,
  );
  process.exitCode = 1;
} else {
  const answer: RehearsalAnswer = {
    version: programVersion(),
    channel: CHANNEL_FORMAT,
    handover: HANDOVER_FORMAT,
    revision: state.value.revision,
    hash: state.value.state.hash(),
  };
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
