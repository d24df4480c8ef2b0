/** Models in a worker, for many requests at once. */
export * from "./engine.ts";
export * from "./errors.ts";
export { engineChatModel, type EngineChatModelOptions } from "./engine_chat_model.ts";
export { openEngine, type OpenEngineOptions } from "./open_engine.ts";
