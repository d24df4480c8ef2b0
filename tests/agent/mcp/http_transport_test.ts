import assert from "node:assert/strict";
import { connectMcp, type McpConnection } from "../../../lib/agent/mcp/mod.ts";
import { runTool } from "../../../lib/agent/tools/mod.ts";
import { strictTest } from "./servers.ts";

interface Question {
  id?: number;
  method: string;
}

/** A server whose answer to a call is what the test makes of it. */
function serve(onCall: (question: Question, request: Request) => Response | Promise<Response>) {
  const seen: { method: string; authorization: string | null }[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const question: Question = await request.json();
    seen.push({ method: question.method, authorization: request.headers.get("authorization") });
    if (question.id === undefined) return new Response(null, { status: 202 });
    const answer = (result: unknown) => Response.json({ jsonrpc: "2.0", id: question.id, result });
    if (question.method === "initialize") {
      const serverInfo = { name: "web", version: "2" };
      return answer({ protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo });
    }
    if (question.method === "tools/list") return answer({ tools: [{ name: "work", inputSchema: { type: "object" } }] });
    return await onCall(question, request);
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/mcp`,
    seen,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const work = async ({ tools }: McpConnection) => {
  const outcome = await runTool(tools, { id: "1", name: "work", arguments: {} }, { approve: () => true });
  return outcome.ok ? outcome.text : outcome.message;
};

const events = (...parts: (string | Error)[]) =>
  new Response(
    new ReadableStream<Uint8Array>({
      pull(controller) {
        const part = parts.shift();
        if (part === undefined) controller.close();
        else if (part instanceof Error) controller.error(part);
        else controller.enqueue(new TextEncoder().encode(part));
      },
    }),
    { headers: { "content-type": "text/event-stream" } },
  );
const event = (data: unknown) => `event: message\ndata: ${JSON.stringify(data)}\n\n`;
const result = (id: number | undefined, text: string) => ({
  jsonrpc: "2.0",
  id,
  result: { content: [{ type: "text", text }] },
});

strictTest("a call over HTTP is answered by JSON or by an event, in whatever parts it comes", async () => {
  let isEvent = false;
  await using server = serve(({ id }) => {
    isEvent = !isEvent;
    if (!isEvent) return Response.json(result(id, "as JSON"));
    return events(": wait\n\n", ...event(result(id, "as an event")));
  });
  await using connection = await connectMcp({ url: server.url });
  assert.equal(await work(connection), '{"text":"as an event"}');
  assert.equal(await work(connection), '{"text":"as JSON"}');
});

strictTest("a call over HTTP fails at once when its answer breaks off", async () => {
  await using server = serve(() => events(": wait\n\n"));
  await using connection = await connectMcp({ url: server.url });
  assert.equal(await work(connection), "the server web: the connection broke off before the answer");
});

strictTest("a call over HTTP fails when its answer is too large", async () => {
  const megabyte = "x".repeat(2 ** 20);
  let isEvent = false;
  await using server = serve(({ id }) => {
    isEvent = !isEvent;
    const text = megabyte.repeat(11);
    return isEvent ? events("data: ", ...Array(11).fill(megabyte), "\n\n") : Response.json(result(id, text));
  });
  await using connection = await connectMcp({ url: server.url });
  assert.equal(await work(connection), "the server web: the answer has more than 10485760 bytes");
  assert.equal(await work(connection), "the server web: the answer has more than 10485760 bytes");
});

strictTest("a call over HTTP fails when the server has forgotten the session, or sends something else", async () => {
  const answers = [
    new Response("no such session", { status: 404 }),
    new Response("<html>", { headers: { "content-type": "text/html" } }),
    new Response("{", { headers: { "content-type": "application/json" } }),
  ];
  await using server = serve(() => answers.shift()!);
  await using connection = await connectMcp({ url: server.url });
  assert.match(await work(connection), /^the server web: .*no such session$/);
  assert.match(await work(connection), /^the server web: .*text\/html$/);
  assert.match(await work(connection), /^the server web: .*JSON/);
});

strictTest("headers are not sent to where a server points", async () => {
  const elsewhere: (string | null)[] = [];
  await using other = serve(() => new Response());
  const spy = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    elsewhere.push(request.headers.get("authorization"));
    return Response.redirect(other.url, 307);
  });
  await using server = serve(() => Response.redirect(`http://127.0.0.1:${spy.addr.port}/`, 307));
  await using connection = await connectMcp({ url: server.url, headers: { authorization: "Bearer secret" } });
  assert.match(await work(connection), /^the server web: /);
  assert.deepEqual(elsewhere, []);
  assert.ok(server.seen.every(({ authorization }) => authorization === "Bearer secret"));
  await spy.shutdown();
});

strictTest("connectMcp() gives up a server over HTTP that does not answer", async () => {
  const hanging = Promise.withResolvers<Response>();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, () => hanging.promise);
  const url = `http://127.0.0.1:${server.addr.port}/`;
  await assert.rejects(connectMcp({ url }, { timeoutMs: 100, name: "slow" }), {
    message: "could not connect to the MCP server slow: no answer in time",
  });
  await assert.rejects(connectMcp({ url }, { signal: AbortSignal.timeout(100) }), { name: "TimeoutError" });
  hanging.resolve(new Response());
  await server.shutdown();
});

strictTest("a call over HTTP that reached its time limit leaves no answer open", async () => {
  const ended = Promise.withResolvers<void>();
  await using server = serve(() =>
    new Response(
      new ReadableStream({
        start: (controller) => controller.enqueue(new TextEncoder().encode(": wait\n\n")),
        cancel: () => ended.resolve(),
      }),
      { headers: { "content-type": "text/event-stream" } },
    )
  );
  await using connection = await connectMcp({ url: server.url }, { callTimeoutMs: 100 });
  assert.equal(await work(connection), "the time limit was reached");
  await ended.promise;
  assert.ok(server.seen.some(({ method }) => method === "notifications/cancelled"));
});
