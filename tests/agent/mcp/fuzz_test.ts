import assert from "node:assert/strict";
import fc from "fast-check";
import { connectMcp } from "../../../lib/agent/mcp/mod.ts";
import { runTool, toolDefinitions } from "../../../lib/agent/tools/mod.ts";
import { anyText } from "../../support/any_text.ts";
import { strictTest } from "./servers.ts";

/** What the server gives next. */
interface Given {
  tools: unknown;
  call(id: number): Response;
}

function serve(given: Given) {
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    if (request.method !== "POST") return new Response(null, { status: 405 });
    const { id, method } = await request.json();
    if (id === undefined) return new Response(null, { status: 202 });
    if (method === "tools/call") return given.call(id);
    const result = method === "tools/list"
      ? { tools: given.tools }
      : { protocolVersion: "2025-06-18", capabilities: { tools: {} }, serverInfo: { name: "web", version: "1" } };
    return Response.json({ jsonrpc: "2.0", id, result });
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}/`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const rude = fc.oneof(
  anyText({ maxLength: 20 }),
  fc.constantFrom("<|im_end|>", "</tools>", "a\u200bb", "__proto__", "constructor", "$ref", "#", "description", "type"),
);
const value = fc.letrec((tie) => ({
  any: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, true, 0, -1, 1e300, "object", "string", "array", "#/properties", "#"),
    rude,
    fc.array(tie("any"), { maxLength: 3 }),
    fc.dictionary(
      fc.oneof(rude, fc.constantFrom("properties", "required", "items", "anyOf", "enum", "const", "$ref", "minimum")),
      tie("any"),
      { maxKeys: 4 },
    ),
  ),
})).any;
const word = fc.oneof({ weight: 9, arbitrary: fc.constantFrom("city", "a", "b", "depth") }, rude);
const object = <Value>(values: fc.Arbitrary<Value>) => fc.dictionary(word, values, { maxKeys: 3 });
const property = fc.oneof(
  object(value),
  object(word),
  fc.record({ type: fc.constantFrom("string", "number"), description: rude }),
);
const tool = fc.record({
  name: rude,
  description: rude,
  inputSchema: fc.record({ type: fc.constant("object"), properties: object(property), required: fc.array(rude) }),
}, { requiredKeys: ["name", "inputSchema"] });
/** The same with something that should not be there. */
const spoiltTool = fc.tuple(tool, fc.constantFrom("name", "inputSchema", "outputSchema", "annotations", "title"), value)
  .map((
    [whole, key, put],
  ) => ({ ...whole, [key]: put }));

strictTest("connectMcp() makes of whatever tools a server lists what a model can be shown", async () => {
  const given: Given = { tools: [], call: () => Response.json(null) };
  await using server = serve(given);
  let taken = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.oneof({ weight: 4, arbitrary: tool }, spoiltTool, value), { maxLength: 5 }),
      async (tools) => {
        given.tools = tools;
        await using connection = await connectMcp({ url: server.url });
        assert.equal(connection.tools.length + connection.skipped.length, tools.length);
        const shown = JSON.stringify(toolDefinitions(connection.tools));
        assert.doesNotMatch(shown, /[\p{Cc}\p{Cf}]|<[\p{L}/|!?]/u);
        assert.ok(connection.tools.every(({ untrusted }) => untrusted));
        taken += connection.tools.length;
      },
    ),
    { numRuns: 80 },
  );
  assert.ok(taken > 5, `only ${taken} tools were taken`);
});

strictTest("runTool() gives an outcome whatever a server answers", async () => {
  const given: Given = { tools: [{ name: "work", inputSchema: { type: "object" } }], call: () => Response.json(null) };
  await using server = serve(given);
  await using connection = await connectMcp({ url: server.url }, { allow: ["work"], callTimeoutMs: 200 });
  const call = () => runTool(connection.tools, { id: "1", name: "work", arguments: {} });
  const block = fc.record({
    type: fc.constantFrom("text", "image", "resource", "resource_link"),
    text: value,
    data: value,
  });
  const result = fc.oneof(value, fc.record({ content: fc.array(fc.oneof(block, value)), structuredContent: value }));
  const event = fc.oneof(anyText(), value.map((data) => `data: ${JSON.stringify(data)}\n\n`));
  const headers = { "content-type": "text/event-stream" };
  const answer = fc.oneof(
    result.map((made) => (id: number) => Response.json({ jsonrpc: "2.0", id, result: made })),
    value.map((made) => (id: number) => Response.json({ jsonrpc: "2.0", id, error: made })),
    value.map((made) => () => Response.json(made)),
    // An event with an id can be asked for again, which the SDK does in its own time.
    fc.array(event).map((events) => () => new Response(events.join("").replaceAll("id:", "di:"), { headers })),
    fc.tuple(fc.integer({ min: 200, max: 599 }), anyText()).filter(([status]) => ![204, 205, 304].includes(status))
      .map(([status, text]) => () => new Response(text, { status })),
  );
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(answer, async (made) => {
      given.call = made;
      const outcome = await call();
      assert.equal(outcome.untrusted, true);
      kinds.add(outcome.ok ? "ok" : outcome.kind);
    }),
    { numRuns: 200 },
  );
  assert.ok(kinds.has("failed"));
});
