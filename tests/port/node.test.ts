import type { Io, IoLimits } from "../../src/io/io.ts";
import { openNodeIo } from "../../src/io/node/node-io.ts";
import { portContract } from "./contract.ts";
import { loopbackWorld } from "./loopback-world.ts";

const open = (limits: IoLimits): Io => openNodeIo(limits, () => undefined);

portContract("node", loopbackWorld(open, open), true);
