/**
 * Has a running Node process collect its garbage, so that its memory is what it holds and not what it has not
 * thrown away yet. Through the inspector, which SIGUSR1 opens on loopback (nodejs.org, "Signal events"): the
 * process needs no flag, and runs as it always does.
 *
 * All inspectors want the same port. One that ends, or another program's, may still have it: so who answers
 * is asked for its process id, and whatever goes wrong is tried again until the time is over.
 */
import { setTimeout as wait } from "node:timers/promises";

const INSPECTOR = "http://127.0.0.1:9229/json/list";
const TRY_MS_MAX = 20_000;
const RETRY_MS = 100;
/** One collection leaves what only the next can see to be free. */
const COLLECTIONS = 3;

/** Resolves when the process has collected. Its inspector stays open: one process at a time. */
export async function collectGarbage(pid: number): Promise<void> {
  const until = performance.now() + TRY_MS_MAX;
  for (;;) {
    // Nothing to a process whose inspector is open; a new try where it found the port taken.
    process.kill(pid, "SIGUSR1");
    const fault = await tryToCollect(pid).catch((error: unknown) => String(error));
    if (fault === undefined) return;
    if (performance.now() > until)
      throw new Error(`the garbage of process ${pid} is not collected: ${fault}`);
    await wait(RETRY_MS);
  }
}

/** Gives what went wrong. */
async function tryToCollect(pid: number): Promise<string | undefined> {
  const targets = (await (await fetch(INSPECTOR)).json()) as { webSocketDebuggerUrl?: string }[];
  const url = targets[0]?.webSocketDebuggerUrl;
  if (url === undefined) return "there is no inspector, or another one uses it";
  const socket = new WebSocket(url);
  try {
    await new Promise((resolve, reject) => {
      socket.addEventListener("open", resolve);
      socket.addEventListener("error", reject);
    });
    const answered = await ask(socket, 1, "Runtime.evaluate", { expression: "process.pid" });
    if (answered.result?.value !== pid) return "another process has the inspector's port";
    for (let id = 2; id < 2 + COLLECTIONS; id++) await ask(socket, id, "HeapProfiler.collectGarbage", {});
    return undefined;
  } finally {
    socket.close();
  }
}

interface Answer {
  readonly result?: { readonly value?: unknown };
}

function ask(socket: WebSocket, id: number, method: string, params: object): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const stop = new AbortController();
    const { signal } = stop;
    socket.addEventListener("close", () => reject(new Error("the inspector closed")), { signal });
    socket.addEventListener(
      "message",
      ({ data }) => {
        const message = JSON.parse(String(data)) as { id?: number; result?: Answer };
        if (message.id !== id) return;
        stop.abort();
        resolve(message.result ?? {});
      },
      { signal },
    );
    socket.send(JSON.stringify({ id, method, params }));
  });
}
