/**
 * The table of FORMATS.md: which format goes out and in, for which family, how exactly, and the test that says so.
 *
 *   deno run -A tests/formats_matrix.ts     writes FORMATS.md anew
 */
import { writeFileAtomic } from "../lib/files/mod.ts";

/** A test, or a script in Python that is run by hand. */
export interface Proof {
  /** Seen from this folder. */
  file: string;
  /** Part of the test's name as it stands in the file; null for a script. */
  test: string | null;
}

/** One format in one direction. */
export interface MatrixRow {
  format: string;
  direction: "out" | "in" | "out and in" | "read by";
  /** What is equal, or by how much it is not. */
  exactness: string;
  /** Proofs by family; a text says why there is none. */
  qwen2: readonly Proof[] | string;
  qwen3: readonly Proof[] | string;
  llama: readonly Proof[] | string;
}

const FAMILIES = ["qwen2", "qwen3", "llama"] as const;

/** The same proofs for every family. */
function allFamilies(...proofs: Proof[]): Pick<MatrixRow, typeof FAMILIES[number]> {
  return { qwen2: proofs, qwen3: proofs, llama: proofs };
}

const test = (file: string, name: string): Proof => ({ file, test: name });
const script = (file: string): Proof => ({ file, test: null });

const EXPORT = test("formats/export_test.ts", "exportModel() writes every format and reads it back");
const MERGED = test("formats/hugging_face_test.ts", "saveMergedModel() writes a folder that loads as the same model");
const GGUF_BITS = test("formats/gguf/model_test.ts", "saveGguf() in F32 keeps every bit of a model");
const GGUF_HALVES = test("formats/gguf/model_test.ts", "keeps every bit of weights that are");
const GGUF_ROUNDING = test(
  "formats/gguf/model_test.ts",
  "saveGguf() rounds each weight by no more than its type allows",
);
const GGUF_BLOCKS = test("formats/gguf/quants_test.ts", "quantize() makes llama.cpp's blocks to the bit");
const GGUF_NUMBERS = test("formats/gguf/quants_test.ts", "dequantize() gives gguf-py's numbers to the bit");
const LLAMA_CPP = test("formats/gguf/llama_cpp_test.ts", "llama.cpp computes what Kiln does");
const LLAMA_CPP_TOKENS = test(
  "formats/gguf/llama_cpp_test.ts",
  "llama.cpp makes the same tokens of thousands of texts",
);
const TRANSFORMERS_JS = test(
  "formats/onnx_decoder/transformers_js_families_test.ts",
  "transformers.js writes the tokens that Kiln writes",
);
const ONNX_F32 = test(
  "formats/onnx_decoder/decoder_test.ts",
  "saveOnnxDecoder() writes what computes as the model does",
);
const ONNX_ROUNDED = test("formats/onnx_decoder/decoder_test.ts", "writes the numbers that loadModel() rounds to");

/** All rows, in the order of the page. */
export const MATRIX: readonly MatrixRow[] = [
  {
    format: "PEFT adapter",
    direction: "out and in",
    exactness: "equal bit for bit; PEFT's own adapter is written again byte for byte",
    ...allFamilies(test("adapters/peft_test.ts", "saveAdapter() and loadAdapter() give the same adapter back"), EXPORT),
  },
  {
    format: "PEFT adapter",
    direction: "read by",
    exactness: "PEFT: logits within 1.1e-6",
    ...allFamilies(script("golden/check_exports.py"), script("golden/check_saved_models.py")),
  },
  {
    format: "PEFT adapter",
    direction: "in",
    exactness: "loss and gradients as PEFT's, within 1.8e-6",
    ...allFamilies(test("models/golden_test.ts", "has PEFT's loss and gradients")),
  },
  {
    format: "Hugging Face folder, F32",
    direction: "out and in",
    exactness: "equal bit for bit, also merged",
    ...allFamilies(
      MERGED,
      test("formats/open_model_source_test.ts", "gives the weights that mergeAdapter() makes, bit for bit"),
    ),
  },
  {
    format: "Hugging Face folder, BF16 and F16",
    direction: "out and in",
    exactness: "to the nearest, ties to even; weights that are BF16 stay what they are",
    ...allFamilies(
      test("formats/hugging_face_test.ts", "saveMergedModel() rounds ties to the even number"),
      test("models/load_test.ts", "saveModel() rounds to the nearest even in BF16"),
    ),
  },
  {
    format: "Hugging Face folder",
    direction: "read by",
    exactness: "transformers: logits within 1.2e-6 in F32, 1.3e-3 in F16, 1.0e-2 in BF16; token ids and chats equal",
    ...allFamilies(script("golden/check_exports.py")),
  },
  {
    format: "Hugging Face folder",
    direction: "in",
    exactness: "log-probabilities as transformers', within 1.9e-7",
    ...allFamilies(test("models/golden_test.ts", "has transformers' log-probabilities and entropies")),
  },
  {
    format: "GGUF, F32",
    direction: "out and in",
    exactness: "equal bit for bit, tokenizer and chat template too",
    ...allFamilies(GGUF_BITS, test("formats/gguf/tokenizer_test.ts", "a tokenizer comes back from GGUF as it was")),
  },
  {
    format: "GGUF, F16 and BF16",
    direction: "out and in",
    exactness: "equal bit for bit where the weights are such; else rounded to the nearest",
    ...allFamilies(GGUF_HALVES, GGUF_ROUNDING),
  },
  {
    format: "GGUF, Q8_0, Q4_0, Q4_K",
    direction: "out",
    exactness: "the blocks that llama.cpp makes, bit for bit",
    ...allFamilies(GGUF_BLOCKS, EXPORT),
  },
  {
    format: "GGUF, quantized (Q2_K to Q8_0)",
    direction: "in",
    exactness: "the numbers that gguf-py reads, bit for bit",
    ...allFamilies(GGUF_NUMBERS),
  },
  {
    format: "GGUF",
    direction: "read by",
    exactness:
      "llama.cpp: greedy tokens equal in F32, and in other types wherever the margin is clear; token ids equal",
    qwen2: [
      test("formats/gguf/llama_cpp_test.ts", "llama.cpp goes on with the house model's tokens in"),
      LLAMA_CPP,
      LLAMA_CPP_TOKENS,
    ],
    qwen3: [LLAMA_CPP, LLAMA_CPP_TOKENS],
    llama: [LLAMA_CPP, LLAMA_CPP_TOKENS],
  },
  {
    format: "GGUF to Hugging Face folder",
    direction: "in",
    exactness: "equal bit for bit in F32",
    qwen2: [test("formats/export_test.ts", "exportModel() takes a GGUF file back to a Hugging Face folder")],
    qwen3: [GGUF_BITS],
    llama: [GGUF_BITS],
  },
  {
    format: "ONNX decoder, f32",
    direction: "out",
    exactness: "logits within 1e-5 of the model's, padded, in one go and token by token",
    ...allFamilies(ONNX_F32),
  },
  {
    format: "ONNX decoder, f16 and 4 bits",
    direction: "out",
    exactness: "within 2.0e-3 and 6.9e-3 of Kiln's on the same rounded numbers",
    ...allFamilies(ONNX_ROUNDED),
  },
  {
    format: "ONNX decoder",
    direction: "read by",
    exactness:
      "transformers.js in Deno: text equal in f32; f16 and 4 bits take tokens within 0.02 and 0.1 of the best logit",
    qwen2: [
      test("formats/onnx_decoder/transformers_js_test.ts", "answers chats from an export in f32 with the same text"),
      TRANSFORMERS_JS,
    ],
    qwen3: [TRANSFORMERS_JS],
    llama: [TRANSFORMERS_JS],
  },
  {
    format: "ONNX decoder",
    direction: "read by",
    exactness: "transformers.js in Chromium: text equal in f32, WebAssembly; WebGPU begins alike",
    qwen2: [test("formats/onnx_decoder/chromium_test.ts", "transformers.js in Chromium answers chats from exports")],
    qwen3: "not run",
    llama: "not run",
  },
  {
    format: "ONNX decoder",
    direction: "read by",
    exactness: "Optimum in Python: logits within 8.7e-7 in f32, 1.3e-3 in f16",
    ...allFamilies(script("golden/check_onnx.py")),
  },
];

const HEAD = `# Formats

What goes out and in, for each family of models, how exactly, and what says so. _Read by_: programs of others load what
Kiln wrote. A tick leads to its test, whose name follows in the list below; those in Python are scripts that are run by
hand, with the versions in their requirements (see [golden/README.md](golden/README.md)).

`;

/** The page. */
export function renderMatrix(): string {
  const proofs = new Map<string, Proof>();
  for (const row of MATRIX) {
    for (const family of FAMILIES) {
      const cell = row[family];
      if (typeof cell !== "string") cell.forEach((proof) => proofs.set(keyOf(proof), proof));
    }
  }
  const numbers = new Map([...proofs.keys()].map((key, at) => [key, at + 1]));
  const cell = (value: readonly Proof[] | string) =>
    typeof value === "string"
      ? value
      : `✓ ${value.map((proof) => `[${numbers.get(keyOf(proof))}](${proof.file})`).join(" ")}`;
  const lines = [
    "| format | direction | how exactly | Qwen2 | Qwen3 | Llama |",
    "| --- | --- | --- | --- | --- | --- |",
    ...MATRIX.map((row) =>
      `| ${[row.format, row.direction, row.exactness, ...FAMILIES.map((family) => cell(row[family]))].join(" | ")} |`
    ),
    "",
    ...[...proofs.values()].map(({ file, test }, at) =>
      `${at + 1}. [${file}](${file})${test === null ? "" : `: ${test}`}`
    ),
  ];
  return HEAD + lines.join("\n") + "\n";
}

function keyOf({ file, test }: Proof): string {
  return `${file}\n${test}`;
}

if (import.meta.main) {
  const page = new URL("FORMATS.md", import.meta.url).pathname;
  await writeFileAtomic(page, renderMatrix());
  await new Deno.Command(Deno.execPath(), { args: ["fmt", "--quiet", page] }).output();
}
