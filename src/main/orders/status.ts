/**
 * `STATUS`: what runs, at this moment.
 */
import type { StatusData } from "../../model/answer-data.ts";
import type { Control } from "../control.ts";

export interface StatusAnswer {
  readonly message: string;
  readonly data: StatusData & { readonly state: "running" | "stopping" };
}

export function statusOf(control: Control): StatusAnswer {
  const { configuration, workers, stopSequence, now, startedMs, version } = control;
  const statuses = workers.statuses();
  const running = statuses.filter((worker) => worker.state === "running").length;
  return {
    message: `${running} ${running === 1 ? "worker runs" : "workers run"}`,
    data: {
      version,
      pid: process.pid,
      state: stopSequence.state,
      uptime_ms: Math.round(now() - startedMs),
      revision: configuration.revision,
      hash: configuration.state.hash(),
      workers: statuses,
    },
  };
}
