/**
 * Whether a worker's program and ours understand each other, by what it says of itself. It may be a program
 * of another version, or none of ours at all.
 */
import { CHANNEL_FORMAT, type ProgramFormats } from "../../model/channel.ts";
import { HANDOVER_FORMAT } from "../../model/handover.ts";

/** Why not, as a sentence; `undefined` if they do. */
export function faultOfProgram(program: Partial<ProgramFormats> | undefined): string | undefined {
  const { version = "an unknown version", channel, handover } = program ?? {};
  if (channel !== CHANNEL_FORMAT)
    return `its program (${version}) speaks format ${channel ?? "of before formats"} with main, not ${CHANNEL_FORMAT}`;
  if (handover !== HANDOVER_FORMAT)
    return `its program (${version}) hands over in format ${handover}, not ${HANDOVER_FORMAT}`;
  return undefined;
}
