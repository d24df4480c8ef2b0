/**
 * What the test of killed ingestions kills: ingests sample documents into a table, a passage or two at a time, and writes a line
 * for each step. Arguments: the folder, how many documents, their version.
 */
import { ingest, openTable } from "../../../lib/retrieval/store/mod.ts";
import { HashingEmbedder } from "../../support/hashing_embedder.ts";
import { asItems, sampleDocuments } from "./sample_documents.ts";

const [folder, count, version] = Deno.args;
const table = await openTable({ uri: folder, name: "passages", embedder: new HashingEmbedder() });
console.log("open");
const documents = asItems(sampleDocuments(Number(count), Number(version)));
await ingest(table, documents, {
  batchPassages: 2,
  deleteMissing: true,
  onProgress: ({ phase, embedded }) => console.log(phase, embedded),
});
console.log("done");
