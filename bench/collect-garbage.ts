/**
 * Has a running Node process collect its garbage, so that its memory is what it holds and not what it has not
 * thrown away yet. Through the inspector, which SIGUSR1 opens on loopback (nodejs.org, "Signal events"): the
 * process needs no flag, and runs as it always does.
 */
import { setTimeout as wait } from "node:timers/promises";

const INSPECTOR = "http://127.0.0.1:9229/json/list";
const OPEN_MS_MAX = 5_000;
const RETRY_MS = 50;
/** One collection leaves what only the next can see to be free. */
const COLLECTIONS = 3;

/** Resolves when the process has collected. Its inspector stays open: one process at a time. */
export async function collectGarbage(pid: number): Promise<void> {
  process.kill(pid, "SIGUSR1");
  const socket = new WebSocket(await inspectorUrl());
  await new Promise<void>((resolve, reject) => {
    socket.addEventListener("error", () => reject(new Error("the inspector closed")));
    socket.addEventListener("open", () => collect(socket, 1));
    socket.addEventListener("message", ({ data }) => {
      const { id } = JSON.parse(String(data)) as { id?: number };
      if (id === undefined) return;
      if (id === COLLECTIONS) resolve();
      else collect(socket, id + 1);
    });
  });
  socket.close();
}

function collect(socket: WebSocket, id: number): void {
  socket.send(JSON.stringify({ id, method: "HeapProfiler.collectGarbage" }));
}

async function inspectorUrl(): Promise<string> {
  const until = performance.now() + OPEN_MS_MAX;
  for (;;) {
    const response = await fetch(INSPECTOR).catch(() => undefined);
    const targets = (await response?.json()) as { webSocketDebuggerUrl: string }[] | undefined;
    const url = targets?.[0]?.webSocketDebuggerUrl;
    if (url !== undefined) return url;
    if (performance.now() > until) throw new Error("the process opened no inspector");
    await wait(RETRY_MS);
  }
}
