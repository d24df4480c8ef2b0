import assert from "node:assert/strict";
import fc from "fast-check";
import { z } from "zod";
import { joinTools } from "../../../lib/agent/mcp/mod.ts";
import { validName } from "../../../lib/agent/mcp/tool_names.ts";
import { defineTool, type Tool, toolDefinitions } from "../../../lib/agent/tools/mod.ts";
import { anyText } from "../../support/any_text.ts";

const tool = (name: string): Tool =>
  defineTool({ name, description: name, input: z.object({}), run: () => name }) as unknown as Tool;
const server = (name: string, ...names: string[]) => ({ name, tools: names.map(tool) });
const joined = (...args: Parameters<typeof joinTools>) => joinTools(...args).map(({ name }) => name);

Deno.test("joinTools() puts a server's name before names that are not free, in whatever order", () => {
  assert.deepEqual(
    joined([tool("search"), tool("today")], [server("a", "read", "search"), server("b", "read", "write")]),
    [
      "search",
      "today",
      "a_read",
      "a_search",
      "b_read",
      "write",
    ],
  );
  const [, second] = joinTools([tool("search")], [server("a", "search")]);
  assert.equal(second.description, "search");
  assert.ok(Object.isFrozen(second));
});

Deno.test("joinTools() gives every tool a name of its own", () => {
  assert.deepEqual(joined([], [server("a", "read", "a_read"), server("a", "read")]), [
    "a_read_2",
    "a_read",
    "a_read_3",
  ]);
  const name = fc.constantFrom("x", "a_x", "a_a_x", "a_x_2", "b_x");
  const tools = fc.uniqueArray(name);
  fc.assert(fc.property(tools, fc.array(fc.tuple(fc.constantFrom("a", "b"), tools)), (own, servers) => {
    const all = joinTools(own.map(tool), servers.map(([label, names]) => server(label, ...names)));
    assert.equal(toolDefinitions(all).length, all.length);
    assert.deepEqual(all.slice(0, own.length).map(({ name }) => name), own);
  }));
});

Deno.test("validName() gives a name that a tool may have, for any text", () => {
  assert.equal(validName("files/read.now"), "files_read_now");
  assert.equal(validName("größe"), "gro_e");
  assert.equal(validName("天气", "天"), "server_tool");
  assert.equal(validName("x".repeat(100), "a b").length, 64);
  fc.assert(fc.property(anyText(), fc.option(anyText(), { nil: undefined }), (name, prefix) => {
    tool(validName(name, prefix));
  }));
});
