/** llama.cpp as a judge of GGUF files, where `.ci/install-llama.sh` has brought it. */

/** Whether it is on this machine; tests that need it are skipped where not. */
export const llamaCppIsHere = Deno.env.has("KILN_LLAMA");
if (!llamaCppIsHere) {
  console.warn("Tests with llama.cpp are skipped: KILN_LLAMA is not set. Run: . .ci/install-llama.sh");
}

/** What is asked of it. */
export interface LlamaCppRequest {
  /** The GGUF file. */
  path: string;
  /** Texts to be made tokens; `special` as Kiln's `allowSpecial`. */
  texts?: { text: string; special: boolean }[];
  /** Tokens to be made text. */
  decode?: number[][];
  /** Prompts that are gone on with, taking the likeliest token until the text ends; or whose logits are wanted at each token. */
  prompts?: { ids: number[]; maxTokens?: number; logits?: boolean }[];
}

/** What it says. */
export interface LlamaCppAnswer {
  tokens: number[][];
  decoded: string[];
  /** The end token included; `ended` says whether there is one. Logits are [tokens][vocabSize]. */
  completions: { ids: number[]; ended?: boolean; logits?: number[][] }[];
  special: { bos: number | null; eos: number | null; eot: number | null; addsBos: boolean };
  fileType: number;
  /** Its warnings. */
  complaints: string[];
}

/** Asks. Throws with its own words when it cannot load the file. */
export async function askLlamaCpp(request: LlamaCppRequest): Promise<LlamaCppAnswer> {
  const folder = Deno.env.get("KILN_LLAMA")!;
  const worker = new URL("llama_cpp_worker.js", import.meta.url).pathname;
  const process = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--config", `${folder}/deno.json`, worker],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = process.stdin.getWriter();
  await writer.write(new TextEncoder().encode(JSON.stringify(request)));
  await writer.close();
  const { code, stdout, stderr } = await process.output();
  const lines = new TextDecoder().decode(stdout).trimEnd().split("\n");
  if (code !== 0) throw new Error(`llama.cpp: ${new TextDecoder().decode(stderr).slice(-3000)}`);
  return JSON.parse(lines.at(-1)!);
}
