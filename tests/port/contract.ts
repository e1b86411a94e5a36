/**
 * The contract of `src/engine/port.ts`, one test for each rule; every implementation of the port has to pass
 * all of it.
 */
import { test } from "node:test";
import { DETACH_RULES } from "./rules-detach.ts";
import { ENDING_RULES } from "./rules-endings.ts";
import { HANDOVER_RULES } from "./rules-handover.ts";
import { LIMIT_RULES } from "./rules-limits.ts";
import { TRANSFER_RULES } from "./rules-transfer.ts";
import type { OpenWorld, PortWorld, WorldLimits } from "./world.ts";

const LIMITS: WorldLimits = { connectionsMax: 64, buffersMax: 128, bufferBytes: 16_384 };

const RULES = [...TRANSFER_RULES, ...ENDING_RULES, ...LIMIT_RULES];

/**
 * Registers one test for each rule, each in a world of its own; at its end all connections are closed and all
 * is given back.
 */
export function portContract(name: string, open: OpenWorld, handsOver: boolean): void {
  for (const rule of [...RULES, ...(handsOver ? [...DETACH_RULES, ...HANDOVER_RULES] : [])]) {
    test(`${name}: ${rule.title}`, async (t) => {
      const world = await open({ ...LIMITS, ...rule.limits });
      t.after(() => world.close());
      const { buffers } = world.port;
      const heldAtFirst = buffers.count - buffers.freeCount;
      await rule.run(world);
      await closeAll(world);
      await world.until(() => buffers.count - buffers.freeCount <= heldAtFirst, "all buffers given back");
    });
  }
}

async function closeAll(world: PortWorld): Promise<void> {
  world.recorder.forgetHandlers();
  world.perform(() => [...world.recorder.notes.keys()].forEach((connection) => world.port.close(connection)));
  await world.settle();
}
