/** The folder that tests/golden/minilm/make.py wrote, where KILN_MINILM names it. */

/** Whether tests that need it are left out. */
export const MINILM = Deno.env.get("KILN_MINILM") || null;

/** Says in a test's name why it did not run. */
export function minilmTest(name: string, run: (folder: string) => Promise<void>): void {
  const why = MINILM === null ? " (skipped: KILN_MINILM does not name the folder of tests/golden/minilm/make.py)" : "";
  Deno.test({ name: name + why, ignore: MINILM === null, fn: () => run(MINILM!) });
}
