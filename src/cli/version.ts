/**
 * The version of this program, from its package.
 */
import { programVersion } from "../io/program-version.ts";

export const VERSION: string = programVersion();
