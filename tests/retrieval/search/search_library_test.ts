/** The library that ships, searched for its labelled questions with the encoder that ships: what works without a network. */
import assert from "node:assert/strict";
import { createEngine } from "../../../lib/engine/mod.ts";
import { loadDocuments } from "../../../lib/retrieval/documents/mod.ts";
import { houseEmbedder } from "../../../lib/retrieval/embed/mod.ts";
import { evaluateRetrieval, readLabelledQuestions } from "../../../lib/retrieval/evaluate/mod.ts";
import { search, type SearchOptions } from "../../../lib/retrieval/search/mod.ts";
import { ingest, openTable } from "../../../lib/retrieval/store/mod.ts";
import { inFolder } from "../../support/in_folder.ts";

const LIBRARY = new URL("../../../data/library", import.meta.url).pathname;

Deno.test("search() in the library finds nine in ten of the articles that answer among five passages", () =>
  inFolder(async (folder) => {
    const engine = await createEngine();
    const embedder = await houseEmbedder({ engine });
    const table = await openTable({ uri: folder, name: "library", embedder });
    try {
      const { added } = await ingest(table, loadDocuments(LIBRARY, { include: ["*.md"] }));
      assert.equal(added, 200);
      const questions = [
        ...await readLabelledQuestions(`${LIBRARY}/medicine_questions.jsonl`),
        ...await readLabelledQuestions(`${LIBRARY}/mathematics_questions.jsonl`),
      ];
      const recallOf = async (options: SearchOptions) => {
        const { means } = await evaluateRetrieval({
          questions,
          search: (question) => search(table, question, { ...options, k: 5 }),
        });
        return means["recall@5"]!.mean;
      };
      const [dense, words, both] = [
        await recallOf({ mode: "dense" }),
        await recallOf({ mode: "fullText" }),
        await recallOf({ mode: "hybrid", fusion: { kind: "minMax", denseWeight: 0.5 } }),
      ];
      const found = `dense ${dense}, words ${words}, both ${both}`;
      assert.ok(dense >= 0.8, found);
      assert.ok(both >= 0.9, found);
      assert.ok(both > words && both > dense, found);
    } finally {
      table.close();
      await embedder.dispose();
      await engine.dispose();
    }
  }));
