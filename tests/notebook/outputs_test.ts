import assert from "node:assert/strict";
import fc from "fast-check";
import type { Published } from "../../lib/notebook/messages.ts";
import type { CodeCell } from "../../lib/notebook/nbformat.ts";
import { appendTerminalText, DisplayIds, OutputCollector } from "../../lib/notebook/outputs.ts";

function emptyCell(): CodeCell {
  return { cell_type: "code", metadata: {}, source: "", outputs: [], execution_count: null };
}

const stream = (text: string, name: "stdout" | "stderr" = "stdout"): Published => ({
  type: "stream",
  content: { name, text },
});

function display(type: "display_data" | "update_display_data", text: string, id?: string): Published {
  return { type, content: { data: { "text/plain": text }, metadata: {}, transient: { display_id: id } } };
}

/** The outputs of one cell after the messages, as short strings. */
function collect(messages: readonly Published[]): string[] {
  const cell = emptyCell();
  const collector = new OutputCollector(cell, new DisplayIds());
  for (const message of messages) collector.add(message);
  return cell.outputs.map((output) =>
    output.output_type === "stream"
      ? `${output.name}: ${output.text}`
      : output.output_type === "error"
      ? `error: ${output.ename}`
      : `${output.output_type}: ${output.data["text/plain"]}`
  );
}

Deno.test("OutputCollector merges text of the same stream in a row", () => {
  assert.deepEqual(
    collect([
      stream("a"),
      stream("b\n"),
      stream("c", "stderr"),
      stream("d"),
      display("display_data", "x"),
      stream("e"),
    ]),
    ["stdout: ab\n", "stderr: c", "stdout: d", "display_data: x", "stdout: e"],
  );
});

Deno.test("OutputCollector replaces what was shown under a display id, in any cell", () => {
  const displayIds = new DisplayIds();
  const [first, second] = [emptyCell(), emptyCell()];
  const inFirst = new OutputCollector(first, displayIds);
  const inSecond = new OutputCollector(second, displayIds);
  inFirst.add(display("display_data", "old", "chart"));
  inFirst.add(display("display_data", "other", "progress"));
  inSecond.add(display("display_data", "newer", "chart"));
  inSecond.add(display("update_display_data", "newest", "chart"));
  inSecond.add(display("update_display_data", "nowhere", "unknown"));
  const shown = (cell: CodeCell) => cell.outputs.map((output) => "data" in output && output.data["text/plain"]);
  assert.deepEqual(shown(first), ["newest", "other"]);
  assert.deepEqual(shown(second), ["newest"]);
});

Deno.test("OutputCollector clears at once, or with wait when the next output comes", () => {
  const clear = (wait: boolean): Published => ({ type: "clear_output", content: { wait } });
  assert.deepEqual(collect([stream("a"), clear(false)]), []);
  assert.deepEqual(collect([stream("a"), clear(true)]), ["stdout: a"]);
  assert.deepEqual(collect([stream("a"), clear(true), stream("b"), stream("c")]), ["stdout: bc"]);
  assert.deepEqual(collect([stream("a"), clear(true), display("display_data", "x")]), ["display_data: x"]);
});

Deno.test("OutputCollector keeps the execution count, results and errors", () => {
  const cell = {
    ...emptyCell(),
    outputs: [{ output_type: "stream" as const, name: "stdout", text: "of an earlier run" }],
  };
  const collector = new OutputCollector(cell, new DisplayIds());
  collector.add({ type: "execute_input", content: { execution_count: 7 } });
  collector.add({
    type: "execute_result",
    content: { execution_count: 7, data: { "text/plain": "1" }, metadata: {}, transient: null },
  });
  collector.add({ type: "error", content: { ename: "TypeError", evalue: "no", traceback: ["at x"] } });
  assert.equal(cell.execution_count, 7);
  assert.deepEqual(cell.outputs, [
    { output_type: "execute_result", execution_count: 7, data: { "text/plain": "1" }, metadata: {} },
    { output_type: "error", ename: "TypeError", evalue: "no", traceback: ["at x"] },
  ]);
});

Deno.test("appendTerminalText() applies carriage returns and backspaces as a terminal does", () => {
  assert.equal(appendTerminalText("done\n10%", "\r20%"), "done\n20%");
  assert.equal(appendTerminalText("", "a\r\nb\r\n"), "a\nb\n");
  assert.equal(appendTerminalText("ab", "\b\b\bcd"), "cd");
  assert.equal(appendTerminalText("line\n", "\bx"), "line\nx");
  assert.equal(appendTerminalText("", "😀\bx"), "x");
});

Deno.test("OutputCollector gives the same text however the stream is cut", () => {
  const text = fc.array(fc.constantFrom("a", "bc", "\n", "\r", "\r\n"), { maxLength: 30 });
  fc.assert(
    fc.property(text, fc.array(fc.nat(60), { maxLength: 8 }), (parts, cuts) => {
      const whole = parts.join("");
      const ends = [...cuts.map((at) => Math.min(at, whole.length)).sort((a, b) => a - b), whole.length];
      const chunks = ends.map((end, i) => whole.slice(i === 0 ? 0 : ends[i - 1], end));
      assert.deepEqual(collect([stream(""), ...chunks.map((chunk) => stream(chunk))]), collect([stream(whole)]));
    }),
  );
});
