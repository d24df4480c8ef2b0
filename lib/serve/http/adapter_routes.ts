/** `POST /v1/load_lora_adapter` and `/v1/unload_lora_adapter`: adapters that come and go while the service runs, as vLLM has it. */
import { isAbsolute, relative, resolve } from "node:path";
import { z } from "zod";
import { ApiError, badRequest } from "./api_error.ts";
import { readBody } from "./read_body.ts";
import type { Exchange, ServiceContext } from "./service_context.ts";

const name = z.string().regex(/^[\w.-]{1,128}$/, "expected 1 to 128 letters, digits, _, . or -");
const loadSchema = z.object({ lora_name: name, lora_path: z.string().min(1).max(4096) });
const unloadSchema = z.object({ lora_name: name });

/**
 * Loads an adapter from the folder that the service was started with.
 *
 * @param folder Where adapters may lie. Undefined: none may be loaded.
 * @throws {ApiError} 404 where none may be; 400 for a path that lies elsewhere, a name that is taken, an adapter that does not fit.
 */
export async function loadAdapterRoute(
  context: ServiceContext,
  { request }: Exchange,
  folder: string | undefined,
): Promise<Response> {
  const root = allowed(folder);
  const { lora_name, lora_path } = await readBody(request, loadSchema, context.limits);
  const path = await adapterFolder(root, lora_path);
  await context.engine().loadAdapter(lora_name, path);
  return said(`Success: LoRA adapter '${lora_name}' added successfully.`);
}

/** Unloads such an adapter. @throws {ApiError} 404 where there is none of that name. */
export async function unloadAdapterRoute(
  context: ServiceContext,
  { request }: Exchange,
  folder: string | undefined,
): Promise<Response> {
  allowed(folder);
  const { lora_name } = await readBody(request, unloadSchema, context.limits);
  await context.engine().unloadAdapter(lora_name);
  return said(`Success: LoRA adapter '${lora_name}' removed successfully.`);
}

function allowed(folder: string | undefined): string {
  if (folder !== undefined) return folder;
  throw new ApiError(404, "this service loads no adapters while it runs: start it with --allow-adapters <folder>");
}

/** The folder that is meant, with all links followed. What lies outside is not even looked at. */
async function adapterFolder(folder: string, given: string): Promise<string> {
  const outside = () => badRequest("lora_path lies outside the folder that adapters may be loaded from", "lora_path");
  const root = await Deno.realPath(folder).catch(() => {
    throw new ApiError(503, "the folder that adapters may be loaded from is not there");
  });
  const asked = [root, resolve(folder)].map((from) => [from, resolve(from, given)]);
  if (given.includes("\0") || !asked.some(([from, path]) => isInside(from, path))) throw outside();
  // Links may lead out of it.
  const path = await Deno.realPath(asked[0][1]).catch(() => {
    throw badRequest(`lora_path: there is no folder ${JSON.stringify(given)}`, "lora_path");
  });
  if (!isInside(root, path)) throw outside();
  return path;
}

function isInside(folder: string, path: string): boolean {
  const way = relative(folder, path);
  return way !== "" && !isAbsolute(way) && way.split(/[\\/]/)[0] !== "..";
}

function said(text: string): Response {
  return new Response(text, { headers: { "content-type": "text/plain; charset=utf-8" } });
}
