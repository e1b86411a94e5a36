/**
 * The import table, checked over the import lines of `src/`: who may import whom, which packages, and where
 * types alone may cross. The compiler's project references catch most of it too; this says it in the
 * project's own words, and catches what references cannot: one file of a room, types only, packages.
 */
import { posix } from "node:path";
import { ROOMS, roomOf, type Room } from "../rooms.ts";
import { isTest, type Complaint, type SourceFile } from "./complaint.ts";

const RULE = "layers";

/** One import or re-export in a file. */
interface Import {
  readonly line: number;
  readonly from: string;
  readonly typesOnly: boolean;
}

/**
 * Complains about every import that the table does not allow. Tests may use `node:` and packages, and sit in
 * their room.
 */
export function checkLayers(file: SourceFile): readonly Complaint[] {
  const room = roomOf(file.path);
  if (room === undefined || !file.path.endsWith(".ts")) return [];
  const plan = ROOMS[room];
  if (plan === undefined) {
    return [{ rule: RULE, path: file.path, message: `"${room}" is no room of tools/rooms.ts` }];
  }
  return importsOf(file.text).flatMap((found) => {
    const why = found.from.startsWith(".")
      ? refuseFile(file.path, room, plan, found)
      : refusePackage(file.path, plan, found);
    return why === undefined ? [] : [{ rule: RULE, path: file.path, line: found.line, message: why }];
  });
}

/** Every import, re-export and dynamic import with a literal name. */
function importsOf(text: string): readonly Import[] {
  const pattern =
    /^(?:import|export)\b([^;"']*?)\bfrom\s+"([^"]+)"|^import\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm;
  return [...text.matchAll(pattern)].map((match) => ({
    line: text.slice(0, match.index).split("\n").length,
    from: match[2] ?? match[3] ?? match[4] ?? "",
    typesOnly: isTypesOnly(match[1]),
  }));
}

/** `type { A }`, or `{ type A, type B }`: nothing is left of it at run time. */
function isTypesOnly(clause: string | undefined): boolean {
  if (clause === undefined) return false;
  if (/^\s*type\b/.test(clause)) return true;
  const names = /^\s*\{([^}]*)\}\s*$/.exec(clause)?.[1]?.split(",") ?? [""];
  return names.filter((name) => name.trim() !== "").every((name) => /^\s*type\s/.test(name));
}

function refuseFile(path: string, room: string, plan: Room, found: Import): string | undefined {
  const target = posix.normalize(posix.join(posix.dirname(path), found.from));
  const targetRoom = roomOf(target);
  if (targetRoom === room) return undefined;
  if (targetRoom === undefined) {
    return isTest(path) ? undefined : `${room} imports ${target}, which is outside src/`;
  }
  if (isTest(path)) return refuseInTest(room, targetRoom);
  if (!plan.imports.includes(targetRoom)) {
    return `${room} may not import ${targetRoom}; it may import ${plan.imports.join(", ") || "nothing"}`;
  }
  const files = plan.onlyFiles?.[targetRoom];
  if (files !== undefined && !files.includes(target)) {
    return `${room} may import only ${files.join(", ")} of ${targetRoom}`;
  }
  const values = plan.onlyTypes?.[targetRoom];
  if (values !== undefined && !found.typesOnly && !values.includes(target)) {
    return `${room} may import only types of ${targetRoom}${values.length > 0 ? `, except from ${values.join(", ")}` : ""}`;
  }
  return undefined;
}

/**
 * A test may bring up the rooms below its own to drive it, but not those above: they have tests of their own.
 */
function refuseInTest(room: string, targetRoom: string): string | undefined {
  const order = Object.keys(ROOMS);
  return order.indexOf(targetRoom) < order.indexOf(room)
    ? undefined
    : `a test of ${room} may not import ${targetRoom}, which is built on it; put the test there or in tests/`;
}

function refusePackage(path: string, plan: Room, found: Import): string | undefined {
  if (isTest(path)) return undefined;
  if (found.from.startsWith("node:")) {
    return plan.kind === "node" ? undefined : `a pure room may not import ${found.from}`;
  }
  return plan.packages?.includes(found.from) === true
    ? undefined
    : `may not import the package ${found.from}; the room that owns it is written in tools/rooms.ts`;
}
