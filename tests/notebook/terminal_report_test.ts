import assert from "node:assert/strict";
import { CellError, type RunEvent } from "../../lib/notebook/run.ts";
import { TerminalReport } from "../../lib/notebook/terminal_report.ts";

const cell = { index: 3, number: 2, total: 5, firstLine: "await train();" };

function display(text: string, id?: string, update = false): RunEvent {
  return { type: "display", cell, text, id, update };
}

Deno.test("TerminalReport draws changing outputs over one line on a terminal, cut to its width", () => {
  let written = "";
  const report = new TerminalReport({ write: (text) => written += text, columns: 11 });
  report.onEvent({ type: "cellStarted", cell });
  report.onEvent({ type: "stream", cell, name: "stdout", text: "no line end" });
  report.onEvent(display("step 1", "line"));
  report.onEvent(display("step 2 of a long line", "line", true));
  report.onEvent(display("step 3", "line", true));
  report.onEvent({ type: "cellFinished", cell, seconds: 12.3 });
  assert.equal(
    written,
    "▶ 2/5  await train();\nno line end\nstep 1\n\r\x1b[2Kstep 2 of \r\x1b[2Kstep 3\r\x1b[2Kstep 3\n✓ 2/5  12 s\n",
  );
});

Deno.test("TerminalReport shows some changes and the last one in a log, and no chart again and again", () => {
  let clock = 0;
  let written = "";
  const report = new TerminalReport({ write: (text) => written += text, columns: undefined, now: () => clock });
  report.onEvent(display("a chart", "chart"));
  for (let step = 1; step <= 23; step++) {
    clock += 1000;
    report.onEvent(display("a chart", "chart", true));
    report.onEvent(display(`step ${step}`, "line", true));
  }
  report.onEvent({ type: "cellFinished", cell, seconds: 3 });
  assert.equal(written, "a chart\nstep 1\nstep 11\nstep 21\nstep 23\n✓ 2/5  3.0 s\n");
});

Deno.test("TerminalReport shows each note above a progress bar once, and the bar as the line that changes", () => {
  let clock = 0;
  let written = "";
  const report = new TerminalReport({ write: (text) => written += text, columns: undefined, now: () => clock });
  report.onEvent(display("bar 1", "bar"));
  for (let step = 2; step <= 25; step++) {
    clock += 1000;
    const notes = [...(step >= 2 ? ["begun"] : []), ...(step >= 14 ? ["saved"] : [])];
    report.onEvent(display([...notes, `bar ${step}`].join("\n"), "bar", true));
  }
  // Where other lines change too, as in a table, the first one stands for all.
  report.onEvent(display("a\nb\nc", "bar", true));
  report.onEvent({ type: "cellFinished", cell, seconds: 3 });
  assert.equal(written, "bar 1\nbegun\nbar 2\nbar 12\nsaved\nbar 22\na\n✓ 2/5  3.0 s\n");
});

Deno.test("TerminalReport shows what a cell threw, with its name even when the traceback has none", () => {
  const shown = (error: Error) => {
    let written = "";
    new TerminalReport({ write: (text) => written += text, columns: undefined })
      .onEvent({ type: "cellFailed", cell, seconds: 1, error });
    return written;
  };
  assert.equal(
    shown(new CellError(cell, "TypeError", "boo", ["TypeError: boo", "    at f"])),
    "✗ 2/5  1.0 s\nTypeError: boo\n    at f\n",
  );
  assert.equal(shown(new CellError(cell, "Error", "5", [""])), "✗ 2/5  1.0 s\nError: 5\n");
  assert.equal(shown(new Error("the kernel ended")), "✗ 2/5  1.0 s\nthe kernel ended\n");
});
