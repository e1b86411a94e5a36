import { openNodeIo } from "../../src/io/node/node-io.ts";
import { portContract } from "./contract.ts";
import { loopbackWorld } from "./loopback-world.ts";

const open = loopbackWorld((limits) => openNodeIo(limits, () => undefined));

portContract("node", open, false);
