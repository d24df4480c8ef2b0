import assert from "node:assert/strict";
import fc from "fast-check";
import { formatNotebook, type Notebook, NotebookFormatError, parseNotebook } from "../../lib/notebook/nbformat.ts";

function notebook(cells: Notebook["cells"], metadata: Record<string, unknown> = {}): Notebook {
  return { nbformat: 4, nbformat_minor: 5, metadata, cells };
}

function codeCell(
  fields: Partial<Extract<Notebook["cells"][number], { cell_type: "code" }>> = {},
): Notebook["cells"][number] {
  return { cell_type: "code", metadata: {}, source: "", outputs: [], execution_count: null, ...fields };
}

Deno.test("formatNotebook() writes text as lines, sorted keys, one space of indent and a newline at the end", () => {
  const text = formatNotebook(notebook([
    codeCell({ source: "a\nb", outputs: [{ output_type: "stream", name: "stdout", text: "x\ny\n" }] }),
  ]));
  assert(
    text.startsWith('{\n "cells": [\n  {\n   "cell_type": "code",\n   "execution_count": null,\n   "id": "cell-1",'),
  );
  assert(text.endsWith('"nbformat": 4,\n "nbformat_minor": 5\n}\n'));
  const [cell] = JSON.parse(text).cells;
  assert.deepEqual(cell.source, ["a\n", "b"]);
  assert.deepEqual(cell.outputs[0].text, ["x\n", "y\n"]);
});

Deno.test("formatNotebook() and parseNotebook() keep every text and give the same bytes again", () => {
  const text = fc.string({ unit: "grapheme" }).map((line) => line.replaceAll("|", "\n"));
  const plain = { noNullPrototype: true };
  const output = fc.oneof(
    fc.record({ output_type: fc.constant("stream" as const), name: fc.constant("stdout"), text }, plain),
    fc.record({
      output_type: fc.constant("display_data" as const),
      data: fc.record({ "text/html": text, "application/json": fc.constant({ a: ["x\n"] }) }, plain),
      metadata: fc.constant({}),
    }, plain),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(text, fc.array(output, { maxLength: 3 })), { maxLength: 4 }), (cells) => {
      const original = notebook(cells.map(([source, outputs]) => codeCell({ source, outputs })));
      const written = formatNotebook(original);
      const read = parseNotebook(written, "test");
      assert.deepEqual(read.cells.map((cell) => cell.source), cells.map(([source]) => source));
      assert.deepEqual(
        read.cells.map((cell) => cell.cell_type === "code" && cell.outputs),
        cells.map(([, outputs]) => outputs),
      );
      assert.equal(formatNotebook(read), written);
    }),
  );
});

Deno.test("formatNotebook() drops metadata of the run and keeps what an author wrote", () => {
  const written = formatNotebook(notebook(
    [codeCell({
      metadata: {
        tags: ["parameters"],
        execution: { started: "now" },
        ExecuteTime: {},
        jupyter: { source_hidden: true },
      },
    })],
    { title: "T", language_info: { name: "typescript", version: "6.0.3" }, papermill: {} },
  ));
  const { cells, metadata } = JSON.parse(written);
  assert.deepEqual(cells[0].metadata, { tags: ["parameters"], jupyter: { source_hidden: true } });
  assert.deepEqual(Object.keys(metadata), ["kernelspec", "language_info", "title"]);
  assert.equal(metadata.language_info.version, undefined);
});

Deno.test("formatNotebook() gives an id to each cell that has none, without doubling another's", () => {
  const cells = [codeCell(), codeCell({ id: "cell-1" }), codeCell({ id: "mine" }), codeCell()];
  const { cells: written } = JSON.parse(formatNotebook(notebook(cells)));
  const ids = written.map((cell: { id: string }) => cell.id);
  assert.equal(new Set(ids).size, 4);
  assert.deepEqual(ids.slice(1, 3), ["cell-1", "mine"]);
});

Deno.test("parseNotebook() names the file and the field that is wrong", () => {
  assert.throws(() => parseNotebook("{", "notebooks/01.ipynb"), (error: Error) => {
    return error instanceof NotebookFormatError && error.message.startsWith("notebooks/01.ipynb: not JSON");
  });
  const old = JSON.stringify({ nbformat: 3, nbformat_minor: 0, metadata: {}, cells: [] });
  assert.throws(() => parseNotebook(old, "x"), /x: not a notebook of nbformat 4[\s\S]*nbformat/);
  const badCell = JSON.stringify({ ...notebook([]), cells: [{ cell_type: "code", metadata: {}, source: 3 }] });
  assert.throws(() => parseNotebook(badCell, "x"), /cells\[0\]\.source/);
});

Deno.test("parseNotebook() answers any JSON with a notebook or a NotebookFormatError", () => {
  fc.assert(
    fc.property(fc.json(), (json) => {
      assert.throws(() => parseNotebook(json, "x"), NotebookFormatError);
    }),
  );
});
