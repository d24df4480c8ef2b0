import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createParser } from "eventsource-parser";
import { OpenAI } from "openai";
import { inFolder } from "../support/in_folder.ts";

const task = fileURLToPath(new URL("../../lib/tasks/serve.ts", import.meta.url));

/** The service in a process of its own. */
interface ServeProcess {
  process: Deno.ChildProcess;
  url: string;
  /** All that it has said until now. */
  said(): string;
}

function command(args: readonly string[], env: Record<string, string> = {}): Deno.Command {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", task, ...args],
    env: { KILN_TOKEN: "", KILN_ENDPOINT: "", ...env },
    stdout: "piped",
    stderr: "piped",
  });
}

/** Runs a test with the service, and sees that its process ends. */
async function withServe(
  args: readonly string[],
  run: (serve: ServeProcess) => Promise<void>,
  env: Record<string, string> = {},
): Promise<void> {
  const process = command(["--port", "0", ...args], env).spawn();
  let text = "";
  const read = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) text += piece;
  };
  const reading = Promise.all([read(process.stdout), read(process.stderr)]);
  try {
    for (let i = 0; i < 1200 && !text.includes("Ready"); i++) await new Promise((resolve) => setTimeout(resolve, 100));
    const url = /listens at (\S+?)[,\s]/.exec(text)?.[1];
    assert.ok(url && text.includes("Ready"), text);
    await run({ process, url, said: () => text });
  } finally {
    try {
      process.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await process.status;
    await reading;
  }
}

async function ask(
  url: string,
  body: object,
): Promise<{ session_id: string; message: { content: string }; outcome: string }> {
  const response = await fetch(`${url}/chat`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  assert.equal(response.status, 200, JSON.stringify(answer));
  return answer;
}

Deno.test("deno task serve answers with the medical agent, and its conversations survive a kill", async () => {
  await inFolder(async (folder) => {
    const args = ["--data", folder];
    let id = "";
    await withServe(args, async ({ url, process, said }) => {
      assert.match(said(), /kiln-tiny \(base\), kiln-embed \(embedder\)/);
      assert.ok(said().includes(join(folder, "sessions.sqlite")));
      const response = await fetch(`${url}/chat`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ message: "I am 41. What helps against a tension headache?", stream: true }),
      });
      const events: [string | undefined, Record<string, unknown>][] = [];
      createParser({ onEvent: ({ event, data }) => void events.push([event, JSON.parse(data)]) }).feed(
        await response.text(),
      );
      const names = events.map(([name]) => name);
      assert.equal(names[0], "session");
      assert.deepEqual(names.slice(-2), ["answer", "done"]);
      for (const name of ["stage", "memory", "query", "evidence"]) assert.ok(names.includes(name), `${name}: ${names}`);
      id = String(events[0][1].session_id);
      const emergency = await ask(url, { message: "My chest hurts badly and my left arm is numb.", session_id: id });
      assert.equal(emergency.outcome, "emergency");
      process.kill("SIGKILL");
      await process.status;
    });
    await withServe(args, async ({ url }) => {
      const session = await (await fetch(`${url}/history/${id}`)).json();
      assert.equal(session.messages.length, 4);
      assert.equal(session.profile.age.value, 41);
      const { session_id } = await ask(url, { message: "How old am I?", session_id: id });
      assert.equal(session_id, id);
    });
  });
});

Deno.test("deno task serve ends on SIGTERM when replies that are being written have ended", async () => {
  await inFolder(async (folder) => {
    await withServe(["--data", folder, "--embedder", "none"], async ({ url, process, said }) => {
      const client = new OpenAI({ baseURL: `${url}/v1`, apiKey: "none", maxRetries: 0 });
      const stream = await client.completions.create({
        model: "kiln-tiny",
        prompt: "A headache is",
        max_tokens: 400,
        stream: true,
        stream_options: { include_usage: true },
      });
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        if (choices.length > 0 && tokens === 0) process.kill("SIGTERM");
        tokens = usage?.completion_tokens ?? tokens + 1;
      }
      assert.ok(tokens > 1);
      const { code } = await process.status;
      assert.equal(code, 0, said());
      assert.match(said(), /Ending/);
    });
  });
});

Deno.test("deno task serve takes its models and its agent's from another service by one variable", async () => {
  await inFolder(async (folder) => {
    await withServe(["--data", join(folder, "far")], async (far) => {
      await withServe(["--data", join(folder, "near")], async ({ url, said }) => {
        assert.ok(said().includes(`those of ${far.url}/v1`));
        const { data } = await new OpenAI({ baseURL: `${url}/v1`, apiKey: "none" }).models.list();
        assert.deepEqual(data.map(({ id }) => id), ["kiln-tiny", "kiln-embed"]);
        const { outcome } = await ask(url, { message: "What helps against a tension headache?", mode: "evidence" });
        assert.ok(["answered", "notKnown"].includes(outcome));
      }, { KILN_ENDPOINT: `${far.url}/v1` });
    });
  });
});

Deno.test("deno task serve says what is wrong with its settings, and ends", async () => {
  const busy = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  await inFolder(async (folder) => {
    const { port } = busy.addr;
    await Deno.writeTextFile(join(folder, "file"), "");
    const there = ["--data", folder];
    const wrong: [string[], number, RegExp][] = [
      [["--port", "x"], 2, /--port x/],
      [["--host", "0.0.0.0", "--port", "0", "--data", folder], 2, /KILN_TOKEN/],
      [
        ["--port", `${port}`, ...there],
        2,
        new RegExp(`port ${port}: something listens there already.*--port ${port + 1}`),
      ],
      [["--host", "192.0.2.1", "--token", "a".repeat(16), ...there], 2, /192\.0\.2\.1.*an address of this machine/],
      [["--data", join(folder, "file")], 2, /sessions\.sqlite/],
      [["--model", join(folder, "nothing"), "--port", "0", "--data", folder], 1, /nothing/],
    ];
    for (const [args, code, message] of wrong) {
      const ended = await command(args).output();
      const text = new TextDecoder().decode(ended.stderr);
      assert.deepEqual([ended.code, message.test(text)], [code, true], text);
      assert.doesNotMatch(text, /^\s+at /m);
    }
    const help = await command(["--help"]).output();
    assert.equal(help.code, 0);
    assert.match(new TextDecoder().decode(help.stdout), /--adapter/);
  });
  busy.close();
});
