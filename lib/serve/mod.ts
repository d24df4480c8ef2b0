/**
 * Models and agents for others: an engine in a worker, a service over HTTP, and a page.
 *
 * @module
 */
export * from "./engine/mod.ts";
export { engineEmbedder } from "./engine_embedder.ts";
export * from "./http/mod.ts";
export {
  type AgentModels,
  type MedicalBackend,
  medicalBackend,
  type MedicalBackendOptions,
} from "./medical_backend.ts";
export { PAGE_SECURITY_POLICY, type PageFile, pageFile, pagePaths } from "./page/mod.ts";
