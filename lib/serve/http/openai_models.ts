/** `GET /v1/models` and `GET /v1/models/{id}`. */
import type { ServedModel } from "../engine/mod.ts";
import { ApiError } from "./api_error.ts";
import type { ServiceContext } from "./service_context.ts";

/** All models: the base, adapters and the embedder. */
export function listModels(context: ServiceContext): Response {
  const { models } = context.engine();
  return Response.json({ object: "list", data: models.map((model) => openaiModel(model, models)) });
}

/** @throws {ApiError} 404 for a model that there is not. */
export function showModel(context: ServiceContext, id: string): Response {
  const { models } = context.engine();
  const model = models.find((each) => each.id === id);
  if (!model) {
    throw new ApiError(404, `no model ${JSON.stringify(id)} here: there are ${models.map(({ id }) => id).join(", ")}`, {
      code: "model_not_found",
      param: "model",
    });
  }
  return Response.json(openaiModel(model, models));
}

/** With what vLLM adds (`parent`, `root`, `max_model_len`), and `kind`. */
function openaiModel({ id, created, kind, contextTokens }: ServedModel, models: readonly ServedModel[]): object {
  const parent = kind === "adapter" ? models.find((model) => model.kind === "base")?.id ?? null : null;
  return { id, object: "model", created, owned_by: "kiln", root: id, parent, kind, max_model_len: contextTokens };
}
