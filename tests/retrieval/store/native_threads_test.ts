import assert from "node:assert/strict";

const CHILD = new URL("./many_words_child.ts", import.meta.url).pathname;

/** Runs the child without the environment's own choice of threads. */
async function runChild(): Promise<{ signal: Deno.Signal | null; out: string }> {
  const folder = await Deno.makeTempDir();
  const { LANCE_CPU_THREADS: _, LANCE_FTS_NUM_SHARDS: __, ...env } = Deno.env.toObject();
  try {
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", CHILD, folder],
      env,
      clearEnv: true,
      stdout: "piped",
      stderr: "null",
    }).spawn();
    // Ten times what it takes: it would wait for ever.
    const timer = setTimeout(() => child.kill("SIGKILL"), 120_000);
    const { signal, stdout } = await child.output();
    clearTimeout(timer);
    return { signal, out: new TextDecoder().decode(stdout).trim() };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("openTable() leaves LanceDB threads enough to write a large full-text index, on two cores as well", async () => {
  assert.deepEqual(await runChild(), { signal: null, out: "12000" });
});
