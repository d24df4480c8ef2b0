/** TensorFlow.js as an engine. Import it lazily: it loads TensorFlow.js. */
export type { TensorFlowBackend } from "./backends.ts";
export { createTensorFlowEngine, type TensorFlowEngineOptions } from "./engine.ts";
