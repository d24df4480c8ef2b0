/**
 * Registers the Deno kernel for the current user and opens JupyterLab in the notebooks folder. JupyterLab itself is a
 * Python program; VS Code's Jupyter extension opens the same notebooks without it.
 */
async function run(command: string, args: string[]): Promise<number> {
  const { code } = await new Deno.Command(command, { args, stdin: "inherit" }).spawn().status;
  return code;
}

const install = await run(Deno.execPath(), ["jupyter", "--install", "--force"]);
if (install !== 0) Deno.exit(install);
try {
  Deno.exit(await run("jupyter", ["lab", "notebooks", ...Deno.args]));
} catch (error) {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
  console.error(
    "The Deno kernel is registered, but there is no `jupyter` on the PATH. Install JupyterLab (pip install jupyterlab), " +
      "or open notebooks/ in VS Code with its Jupyter extension and choose the Deno kernel. " +
      "`deno task notebook 01` runs a notebook without either.",
  );
  Deno.exit(1);
}
