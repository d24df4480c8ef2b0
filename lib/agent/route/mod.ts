/**
 * Sending a question to the right expert by the similarity of texts, with thresholds fitted on labelled questions.
 *
 * @module
 */
export { CascadeRouter, type CascadeRouterOptions, type CascadeRouting } from "./cascade_router.ts";
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
export { evaluateRouter, type Router, type RouterEvaluation } from "./evaluate_router.ts";
export {
  type FittedRouter,
  fitThresholds,
  type FitThresholdsOptions,
  type RoutingPrediction,
} from "./fit_thresholds.ts";
export { HAND_WRITTEN_QUESTIONS } from "./hand_written_questions.ts";
export { HOUSE_NONE_UTTERANCES, HOUSE_ROUTES } from "./house_routes.ts";
export { askForLabel, LabelRouter, type LabelRouterOptions, type RoutingLabel } from "./label_router.ts";
export { drawLabelledQuestions, drawQuestionsPerRoute, type LabelledRoute } from "./labelled_route.ts";
export { readLabelledRoutes, readRoutes, type RouteRows } from "./route_rows.ts";
export { loadRouter, saveRouter } from "./router_file.ts";
export { type ShareInterval, shareInterval } from "./share_interval.ts";
