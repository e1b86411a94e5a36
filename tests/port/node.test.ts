import { openNodeIo } from "../../src/io/node/node-io.ts";
import { portContract } from "./contract.ts";
import { portLimitsContract } from "./contract-limits.ts";
import { loopbackWorld } from "./loopback-world.ts";

const open = loopbackWorld((limits) => openNodeIo(limits, () => undefined));

portContract("node", open);
portLimitsContract("node", open);
