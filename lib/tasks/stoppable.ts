/**
 * Runs a task that Ctrl-C stops, with a line instead of a stack trace and with exit code 130.
 *
 * @param advice What to do then.
 */
export async function stoppable(advice: string, run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  const stop = () => abort.abort(new Error(`stopped by Ctrl-C; ${advice}`));
  Deno.addSignalListener("SIGINT", stop);
  try {
    await run(abort.signal);
  } catch (error) {
    if (!abort.signal.aborted) throw error;
    console.error(`\n${(error as Error).message}`);
    Deno.exitCode = 130;
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
  }
}
