/**
 * Sending a question to the right expert by the similarity of texts, with thresholds fitted on labelled questions.
 *
 * @module
 */
export { confusion, type ConfusionMatrix, NONE } from "./confusion.ts";
export {
  createRouter,
  type CreateRouterOptions,
  EmbeddingRouter,
  type RouteDefinition,
  type RouterParts,
  type Routing,
  type RoutingLimits,
} from "./embedding_router.ts";
export {
  type FittedRouter,
  fitThresholds,
  type FitThresholdsOptions,
  type RoutingPrediction,
} from "./fit_thresholds.ts";
export { HOUSE_NONE_UTTERANCES, HOUSE_ROUTES } from "./house_routes.ts";
export { drawLabelledQuestions, type LabelledRoute } from "./labelled_route.ts";
export { loadRouter, saveRouter } from "./router_file.ts";
