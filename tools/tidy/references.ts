/**
 * The rooms' `tsconfig.json` files, held against the plan in `tools/rooms.ts`: references exactly as the
 * table allows, and Node's types exactly where the room is a node room. Otherwise the compiler would enforce
 * another house than the written one.
 */
import { isDeepStrictEqual } from "node:util";
import { ROOMS, type Room } from "../rooms.ts";
import type { Complaint, SourceFile } from "./complaint.ts";

const RULE = "references";

/** Complains about each room whose project differs from the plan, and each room without one. */
export function checkReferences(files: readonly SourceFile[]): readonly Complaint[] {
  return Object.entries(ROOMS).flatMap(([room, plan]) => {
    const path = `src/${room}/tsconfig.json`;
    const file = files.find((candidate) => candidate.path === path);
    const message = file === undefined ? "missing" : differenceOf(plan, file.text);
    return message === undefined ? [] : [{ rule: RULE, path, message }];
  });
}

function differenceOf(plan: Room, text: string): string | undefined {
  const project = JSON.parse(text) as { extends?: string; references?: { path: string }[] };
  const references = (project.references ?? []).map((reference) => reference.path);
  const wanted = plan.imports.map((room) => `../${room}`);
  if (!isDeepStrictEqual(references, wanted)) {
    return `references ${JSON.stringify(references)}, but tools/rooms.ts says ${JSON.stringify(wanted)}`;
  }
  const base = `../../tsconfig.${plan.kind}.json`;
  return project.extends === base
    ? undefined
    : `extends ${project.extends}, but a ${plan.kind} room extends ${base}`;
}
