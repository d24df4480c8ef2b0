/** That transformers.js in a browser loads an export from a server's files and answers what Kiln answers. */
import assert from "node:assert/strict";
import { chromium } from "playwright-core";
import { assertNearBest, CHATS, exportHouse, kilnAnswers, MAX_NEW_TOKENS } from "./house_export.ts";

const executablePath = Deno.env.get("KILN_CHROMIUM");
if (!executablePath) {
  console.log(
    "No browser: transformers.js in Chromium is not tried. `. .ci/install-chromium.sh` sets KILN_CHROMIUM.",
  );
}

/** The library's folder among the installed packages; its ONNX Runtime for browsers lies beside it. */
const LIBRARY = new URL("./", import.meta.resolve("@huggingface/transformers"));
const RUNTIME = new URL("../../../onnxruntime-web/dist/", LIBRARY);

const TYPES: Record<string, string> = {
  html: "text/html",
  js: "text/javascript",
  json: "application/json",
  mjs: "text/javascript",
  wasm: "application/wasm",
};

/** Serves files to this machine alone: the page, the library, its runtime, and models. */
function serveFiles(models: URL) {
  const folders: Record<string, URL> = { library: LIBRARY, runtime: RUNTIME, models };
  return Deno.serve({ port: 0, hostname: "127.0.0.1", onListen() {} }, async (request) => {
    const [, folder, path] = /^\/([a-z]+)\/([\w./-]+)$/.exec(new URL(request.url).pathname) ?? [];
    if (folder === "page") return new Response("<!doctype html><title>page</title>", { headers: typeOf("page.html") });
    try {
      return new Response(await Deno.readFile(new URL(path, folders[folder])), { headers: typeOf(path) });
    } catch {
      return new Response("not there", { status: 404 });
    }
  });
}

function typeOf(path: string): HeadersInit {
  return { "content-type": TYPES[path.split(".").at(-1)!] ?? "application/octet-stream" };
}

/** What the page is asked to do. */
interface Task {
  models: { name: string; dtype?: string }[];
  device: "wasm" | "webgpu";
  chats: typeof CHATS;
  maxNewTokens: number;
}

/** Runs in the page: the answers of each model. */
async function answerInPage({ models, device, chats, maxNewTokens }: Task): Promise<string[][]> {
  const { env, pipeline } = await import("/library/transformers.min.js" as string);
  Object.assign(env, { allowRemoteModels: false, allowLocalModels: true, localModelPath: "/models/" });
  Object.assign(env, { useBrowserCache: false, useWasmCache: false });
  const runtime = "/runtime/ort-wasm-simd-threaded.asyncify";
  env.backends.onnx.wasm.wasmPaths = { mjs: `${runtime}.mjs`, wasm: `${runtime}.wasm` };
  const texts: string[][] = [];
  for (const { name, dtype } of models) {
    const generator = await pipeline("text-generation", name, { dtype, device });
    const answers: string[] = [];
    for (const chat of chats) {
      const [{ generated_text }] = await generator(chat, { max_new_tokens: maxNewTokens, do_sample: false });
      answers.push(generated_text.at(-1).content);
    }
    texts.push(answers);
    await generator.dispose();
  }
  return texts;
}

/** A page of a browser of its own that has the house model's exports. It fails when the page asks another server. */
function browserTest(name: string, run: (answer: (task: Task) => Promise<string[][]>) => Promise<void>): void {
  Deno.test({
    name,
    ignore: !executablePath,
    // The browser's process ends a little later than its connection.
    sanitizeOps: false,
    sanitizeResources: false,
    fn: async () => {
      const folder = await Deno.makeTempDir();
      await exportHouse(`${folder}/kiln-tiny`, { precisions: ["f32", "f16", "4bit"] });
      await exportHouse(`${folder}/in-shards`, { maxEmbeddedBytes: 0, maxShardBytes: 2 ** 22 });
      const server = serveFiles(new URL(`file://${folder}/`));
      const browser = await chromium.launch({ executablePath, args: FLAGS });
      try {
        const page = await browser.newPage();
        const origin = `http://127.0.0.1:${server.addr.port}`;
        const strays: string[] = [];
        page.on("request", (request) => {
          if (new URL(request.url()).origin !== origin) strays.push(request.url());
        });
        await page.goto(`${origin}/page/`);
        await run((task) => page.evaluate(answerInPage, task));
        assert.deepEqual(strays, []);
      } finally {
        await browser.close();
        await server.shutdown();
        await Deno.remove(folder, { recursive: true });
      }
    },
  });
}

/** The last ones bring a graphics card in software. */
const FLAGS = [
  "--no-sandbox",
  "--disable-dev-shm-usage",
  "--enable-unsafe-webgpu",
  "--enable-features=Vulkan",
  "--use-webgpu-adapter=swiftshader",
];

browserTest(
  "transformers.js in Chromium answers chats from exports as Kiln does, and asks no other server",
  async (answer) => {
    const models = [{ name: "kiln-tiny" }, { name: "in-shards" }, { name: "kiln-tiny", dtype: "fp16" }];
    // A page has one thread for it.
    const chats = CHATS.slice(0, 3);
    const task: Task = { models, device: "wasm", chats, maxNewTokens: MAX_NEW_TOKENS };
    const [whole, inShards, half] = await answer(task);
    const expected = (await kilnAnswers()).map(({ text }) => text).slice(0, chats.length);
    assert.deepEqual(whole, expected, "f32");
    assert.deepEqual(inShards, expected, "f32 with weights in files beside it");
    await assertNearBest(half, { weights: "float16", compute: "float16" }, 0.02);
    const [fourBits] = await answer({ ...task, models: [{ name: "kiln-tiny", dtype: "q4" }] });
    await assertNearBest(fourBits, { weights: "4bit" }, 0.1);
  },
);

browserTest("transformers.js in Chromium on WebGPU begins answers as it does on WebAssembly", async (answer) => {
  const models = [{ name: "kiln-tiny" }, { name: "kiln-tiny", dtype: "q4" }];
  // In software each token takes a second.
  const task = { models, chats: CHATS.slice(-1), maxNewTokens: 2 };
  const onGpu = await answer({ ...task, device: "webgpu" });
  assert.deepEqual(onGpu, await answer({ ...task, device: "wasm" }));
  assert.ok(onGpu.flat().every((text) => text.length > 1));
});
