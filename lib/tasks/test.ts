/**
 * Runs the tests and says at the very end, on a line of its own, how many passed: `deno test`'s own last line is coloured
 * and worded for people. Arguments go to `deno test`: `deno task test tests/graph --filter matmul`.
 */
const command = new Deno.Command(Deno.execPath(), {
  args: ["test", "-A", "--no-check", ...Deno.args],
  stdout: "piped",
  stderr: "inherit",
});
const child = command.spawn();

let tail = "";
const decoder = new TextDecoder();
for await (const bytes of child.stdout) {
  await writeAll(bytes);
  tail = (tail + decoder.decode(bytes, { stream: true })).slice(-2000);
}
const { code } = await child.status;

// deno-lint-ignore no-control-regex -- colours are stripped by their escape codes
const plain = tail.replace(/\x1b\[[0-9;]*m/g, "");
const last = plain.match(/(\d+) passed(?: \([^)]*\))? \| (\d+) failed(?: \([^)]*\))?(?: \| (\d+) ignored)?/);
if (last) {
  const [, passed, failed, ignored] = last;
  console.log(`${passed} passed, ${failed} failed${ignored ? `, ${ignored} skipped` : ""}`);
}
Deno.exit(code);

async function writeAll(bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await Deno.stdout.write(bytes.subarray(written));
}
