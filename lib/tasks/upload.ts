/**
 * `deno task upload`: a run, an adapter, a model or a data set to the Hugging Face hub. `--help` tells the options.
 *
 * Exit codes: 0 success, 1 nothing was uploaded, 2 the command line is wrong, 130 Ctrl-C.
 */
import { parseArgs } from "node:util";
import { readableBytes } from "../formats/mod.ts";
import { type CollectedUpload, type CollectOptions, collectUpload } from "../hub/mod.ts";
import { isHubId, listUpload, uploadFiles, type UploadOptions, type UploadResult } from "../models/mod.ts";
import { tableText } from "../notebook/mod.ts";
import { findRun } from "../train/mod.ts";
import { stoppable } from "./stoppable.ts";
import { withUploadBar } from "./upload_bar.ts";

const HELP =
  `Uploads to the Hugging Face hub, in one commit. The token is read from HF_TOKEN, and needs the right to write.

  deno task upload 01-grpo-gsm8k owner/name --dry-run    what would go up, and nothing else
  deno task upload 01-grpo-gsm8k owner/name --private    the newest run of that name
  deno task upload outputs/my-adapter owner/name         the folder of an adapter, a model or an export
  deno task upload data/rows owner/name --type dataset   a folder as it is

Of a run go up its adapter or model with the tokenizer, model card, metrics, charts, TensorBoard's events and parameters; never
checkpoints, caches, completions, or parameters that may be secret. What the hub has already is not sent.

  --private                a repository that is made now is private; one that is there and public is refused
  --revision <branch>      default main; made when absent
  --message <text>         of the commit
  --base-model <name>      the name on the hub of the model that the adapter belongs to, where the run names a folder
  --part <folder>          which of the run's folders holds what to publish; default adapter, else model
  --include <pattern>      only such files, as *.safetensors (a star stands for slashes too); may be repeated
  --exclude <pattern>      not such files; may be repeated
  --type <type>            model or dataset; default model
  --dry-run                list the files, send nothing
  --help                   this text
`;

/** A command line that cannot be read. */
export class UploadUsageError extends Error {
  override name = "UploadUsageError";
}

/** What the command line asks for. */
export interface UploadCommand {
  source: string;
  repo: string;
  isDryRun: boolean;
  options: UploadOptions & CollectOptions & { repoType: "model" | "dataset" };
}

/** Reads the command line. Throws {UploadUsageError} naming what is wrong with it. */
export function readUploadArguments(args: readonly string[]): UploadCommand | "help" {
  const { values, positionals } = parsed(args);
  if (values.help) return "help";
  const [source, repo, ...more] = positionals;
  if (source === undefined) throw new UploadUsageError("what is to be uploaded? give a run, such as 01-grpo-gsm8k");
  if (repo === undefined) throw new UploadUsageError("where to? give owner/name after it");
  if (more.length > 0) throw new UploadUsageError(`one at a time; ${more.join(" ")} is too much`);
  if (positionals.some((each) => /^hf_[A-Za-z0-9]{20,}$/.test(each))) {
    throw new UploadUsageError(
      "a token on the command line is seen by others: set it as HF_TOKEN, and revoke this one",
    );
  }
  if (!isHubId(repo)) throw new UploadUsageError(`expected owner/name, got ${repo}`);
  const { type, part, "base-model": baseModel, include, exclude, revision, message, private: isPrivate } = values;
  if (type !== "model" && type !== "dataset") {
    throw new UploadUsageError(`--type: expected model or dataset, got ${type}`);
  }
  const ofModels = Object.entries({ "--part": part, "--base-model": baseModel }).find(([, value]) =>
    value !== undefined
  );
  if (type === "dataset" && ofModels !== undefined) throw new UploadUsageError(`${ofModels[0]} belongs to models`);
  if (message?.trim() === "") throw new UploadUsageError("--message: expected a text");
  return {
    source,
    repo,
    isDryRun: values["dry-run"],
    options: {
      repoType: type,
      ...{ part, baseModel, include, exclude, revision, commitMessage: message },
      ...(isPrivate && { private: true }),
    },
  };
}

function parsed(args: readonly string[]) {
  const text = { type: "string" } as const;
  const texts = { type: "string", multiple: true } as const;
  const flag = { type: "boolean", default: false } as const;
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        ...{ private: flag, revision: text, message: text, "base-model": text, part: text },
        ...{ include: texts, exclude: texts, type: { type: "string", default: "model" } as const },
        ...{ "dry-run": flag, help: { ...flag, short: "h" } },
      },
    });
  } catch (error) {
    throw new UploadUsageError((error as Error).message);
  }
}

/** The files that the command line asks for. */
export async function filesToUpload(
  { source, options }: UploadCommand,
  { outputs = "outputs" }: { outputs?: string } = {},
): Promise<CollectedUpload> {
  const folder = await folderOfSource(source, outputs);
  const collected = options.repoType === "model"
    ? await collectUpload(folder, options)
    : { files: await listUpload(folder, options), notes: [] };
  if (collected.files.length === 0) {
    throw new Error(`${folder}: there are no files to upload, or the patterns mean none`);
  }
  return collected;
}

async function folderOfSource(source: string, outputs: string): Promise<string> {
  const folder = await findRun(source, { outputs });
  if (folder !== null) return folder;
  throw new Error(`${source}: there is no such folder, and no run of that name in ${outputs}`);
}

/** What goes up, as lines for people. */
export function showFiles({ files, notes }: CollectedUpload): string {
  const rows = files.map(({ path, bytes }) => ({ file: path, size: readableBytes(bytes) }));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  const caption = `${files.length} file${files.length === 1 ? "" : "s"}, ${readableBytes(total)}`;
  return [tableText(rows, { caption, maxRows: 40 }), ...notes.map((note) => `note: ${note}`)].join("\n");
}

/** What became of it, as lines for people. */
export function showUploaded({ page, commitUrl, committed, sent, unchanged, ignored }: UploadResult): string {
  const parts = [
    `${committed.length} in the commit`,
    ...(sent.length > 0 ? [`${sent.length} of them sent to the storage of large files`] : []),
    ...(unchanged.length > 0 ? [`${unchanged.length} there already`] : []),
    ...(ignored.length > 0 ? [`left out by the repository's .gitignore: ${ignored.join(", ")}`] : []),
  ];
  return committed.length === 0
    ? `nothing had changed: ${page}`
    : `uploaded to ${page}: ${parts.join(", ")}\n${commitUrl}`;
}

if (import.meta.main) await main(Deno.args);

async function main(args: readonly string[]): Promise<void> {
  try {
    const command = readUploadArguments(args);
    if (command === "help") return console.log(HELP);
    const collected = await filesToUpload(command);
    console.log(showFiles(collected));
    if (command.isDryRun) return console.log(`nothing was sent; without --dry-run they go to ${command.repo}`);
    await stoppable("the branch is as it was; running this again sends what had not arrived", async (signal) => {
      const { repo, options } = command;
      const upload = (onProgress: UploadOptions["onProgress"]) =>
        uploadFiles(collected.files, repo, { ...options, signal, onProgress });
      console.log(showUploaded(await withUploadBar(upload)));
    });
  } catch (error) {
    // What is wrong with the program itself is worth its stack.
    if (!(error instanceof Error) || error instanceof TypeError || error instanceof ReferenceError) throw error;
    console.error(`deno task upload: ${error.message}`);
    Deno.exitCode = error instanceof UploadUsageError ? 2 : 1;
  }
}
