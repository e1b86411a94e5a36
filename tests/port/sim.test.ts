import { portContract } from "./contract.ts";
import { simWorld } from "./sim-world.ts";

portContract("sim, whole", simWorld({ pieces: "whole" }), true);
portContract("sim, in random pieces", simWorld({ pieces: "random", seed: 7, latencyMsMax: 1 }), true);
