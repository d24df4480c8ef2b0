/** The worker's entry: opens what the first message names, then answers. */
import { LoadedModels } from "./loaded_models.ts";
import type { ClientMessage, WorkerMessage } from "./protocol.ts";
import { WorkerLoop } from "./worker_loop.ts";

/** What a worker's global is to this file. */
interface WorkerScope {
  postMessage(message: WorkerMessage): void;
  addEventListener(type: "message", listener: (event: MessageEvent<ClientMessage>) => void): void;
}

const scope = globalThis as unknown as WorkerScope;
const post = (message: WorkerMessage) => scope.postMessage(message);
let loop: WorkerLoop | null = null;

scope.addEventListener("message", ({ data }) => {
  if (data.type === "open") open(data.options);
  else loop?.receive(data);
});

async function open(options: Extract<ClientMessage, { type: "open" }>["options"]): Promise<void> {
  try {
    const models = await LoadedModels.load(options);
    loop = new WorkerLoop(models, options, post);
    post({ type: "opened", models: [...models.served] });
    await loop.run();
  } catch (error) {
    post({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
}
