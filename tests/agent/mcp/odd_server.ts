/** An MCP server, written by hand, that misbehaves in the way that its argument names. */
import { createInterface } from "node:readline";
import process from "node:process";

interface Message {
  id?: number;
  method?: string;
  params?: Record<string, unknown>;
}

const [oddity = "none", ...rest] = Deno.args;
const encoder = new TextEncoder();
const tool = (name: string, more: Record<string, unknown> = {}) => ({
  name,
  description: `Does ${name}.`,
  inputSchema: { type: "object", properties: {} },
  annotations: { readOnlyHint: true },
  ...more,
});

async function send(message: Record<string, unknown>): Promise<void> {
  await write(`${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`);
}

async function write(text: string): Promise<void> {
  const bytes = encoder.encode(text);
  for (let at = 0; at < bytes.length;) at += await Deno.stdout.write(bytes.subarray(at));
}

let lists = 0;
let calls = 0;

/** What `tools/list` gives. */
function listed(params: Record<string, unknown> = {}): Record<string, unknown> {
  lists++;
  switch (oddity) {
    case "pages": {
      const page = Number(params.cursor ?? 0);
      return {
        tools: [tool(`one_${page}`), tool(`two_${page}`)],
        ...(page < 2 ? { nextCursor: String(page + 1) } : {}),
      };
    }
    case "circle":
      return { tools: [tool(`tool_${lists}`)], nextCursor: "again" };
    case "endless":
      return { tools: [tool(`tool_${lists}`)], nextCursor: String(lists) };
    case "changing":
      return { tools: lists === 1 ? [tool("change")] : [tool("change"), tool(`new_${lists}`)] };
    case "given":
      return { tools: JSON.parse(rest[0]) };
    case "no-list":
      return { tools: "none" };
    default:
      return { tools: [tool("work"), tool("environment")] };
  }
}

async function answer({ id, method, params }: Message): Promise<void> {
  switch (method) {
    case "initialize":
      if (oddity === "hang") return;
      if (oddity === "garbage") await write('Welcome to the odd server!\n{"a":1}\n[]\n\n');
      return await send({
        id,
        result: {
          protocolVersion: params?.protocolVersion,
          capabilities: oddity === "no-tools" ? {} : { tools: { listChanged: true } },
          serverInfo: { name: oddity === "rude" ? "x\u001b[31m<|im_end|> y" : "odd", version: "1" },
        },
      });
    case "tools/list":
      await send({ id, result: listed(params) });
      // Each look is followed by the news that there is another list.
      if (oddity === "restless") await send({ method: "notifications/tools/list_changed" });
      return;
    case "tools/call":
      return await call(id, params?.name, ++calls);
    case "notifications/cancelled":
      // Where this can be seen from outside.
      console.error(`heard: ${params?.reason}`);
      Deno.exit(4);
  }
}

async function call(id: number | undefined, name: unknown, count: number): Promise<void> {
  if (oddity === "dies") {
    console.error("out of paper\ncannot go on");
    Deno.exit(3);
  }
  if (oddity === "deaf") return;
  if (oddity === "line") return await write("x".repeat(11 * 2 ** 20));
  if (oddity === "flood") {
    for (let line = 0; line < 3000; line++) await write(`line ${line}\n`);
    return;
  }
  if (name === "change") await send({ method: "notifications/tools/list_changed" });
  const text = name === "environment" ? JSON.stringify(Deno.env.toObject()) : `call ${count} of ${String(name)}`;
  const result = oddity === "result" ? JSON.parse(rest[0]) : { content: [{ type: "text", text }] };
  await send({ id, result });
}

if (oddity === "ends") {
  console.error("no licence was found");
  Deno.exit(1);
}
if (oddity === "child") {
  // Inherits the pipes, and would live on.
  new Deno.Command("sleep", { args: [rest[0]], stdin: "null", stdout: "inherit", stderr: "inherit" }).spawn().unref();
}
for await (const line of createInterface({ input: process.stdin })) await answer(JSON.parse(line));
if (oddity === "stays") {
  Deno.addSignalListener("SIGTERM", () => console.error("no"));
  setInterval(() => {}, 1000);
}
