/** Services of Kiln's own in processes of their own, to be killed. */
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./service_process.ts", import.meta.url));

/** A service that listens, until it is killed. */
export interface ServiceProcess {
  /** With `/v1`. */
  readonly url: string;
  /** Ends it at once, as a power cut would. Resolves when it has ended. */
  kill(): Promise<void>;
  /** Starts it again at the same address. Resolves when it listens. */
  restart(): Promise<void>;
}

/** Starts services, runs a test, and kills those that are left. */
export async function withServices(
  count: number,
  adapterFolder: string,
  run: (services: readonly ServiceProcess[]) => Promise<void>,
): Promise<void> {
  const kills: (() => Promise<void>)[] = [];
  try {
    const services = await Promise.all(Array.from({ length: count }, async () => {
      let now = await start(0, adapterFolder);
      kills.push(() => now.kill());
      const { url } = now;
      return {
        url: `${url}/v1`,
        kill: () => now.kill(),
        restart: async () => void (now = await start(Number(new URL(url).port), adapterFolder)),
      };
    }));
    await run(services);
  } finally {
    await Promise.all(kills.map((kill) => kill()));
  }
}

async function start(port: number, adapterFolder: string): Promise<{ url: string; kill(): Promise<void> }> {
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", SCRIPT, `${port}`, adapterFolder],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let said = "";
  const kill = async () => {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await process.status;
    await reader.cancel();
  };
  for (;;) {
    const url = /ready at (\S+)/.exec(said)?.[1];
    if (url !== undefined) return { url, kill };
    const { value, done } = await reader.read();
    if (done) {
      await kill();
      throw new Error(`the service ended before it was ready: ${said}`);
    }
    said += value;
  }
}
