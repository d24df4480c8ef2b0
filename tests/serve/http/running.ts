/** A service on a free port of the loopback, for one test. */
import { OpenAI } from "openai";
import { type RunningService, serve, type ServeOptions } from "../../../lib/serve/http/mod.ts";

/** A service that listens, and ways to speak to it. */
export interface TestService extends RunningService {
  client(options?: { apiKey?: string }): OpenAI;
  /** Sends JSON, as a program would. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>;
  /** What the service wrote to its log. */
  readonly logged: string[];
}

/** Runs a test against a service, and stops it. */
export async function withService(
  options: Omit<ServeOptions, "port">,
  run: (service: TestService) => Promise<void>,
): Promise<void> {
  const logged: string[] = [];
  const running = serve({ log: (line) => logged.push(line), ...options, port: 0 });
  try {
    await run({
      ...running,
      logged,
      client: ({ apiKey = "none" } = {}) => new OpenAI({ baseURL: `${running.url}/v1`, apiKey, maxRetries: 0 }),
      post: (path, body, init = {}) =>
        fetch(`${running.url}${path}`, {
          method: "POST",
          body: JSON.stringify(body),
          ...init,
          headers: { "content-type": "application/json", ...init.headers },
        }),
    });
  } finally {
    await running.stop();
  }
}

/** A body that ends in an error, read. */
export async function errorOf(
  response: Response,
): Promise<{ status: number; message: string; type: string; param: string | null; code: string | null }> {
  const { error } = await response.json();
  return { status: response.status, ...error };
}

/** Waits until something is so. Rejects after 30 seconds. */
export async function until(isSo: () => boolean, what: string): Promise<void> {
  for (let i = 0; i < 3000; i++) {
    if (isSo()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(`waited 30 s for: ${what}`);
}
