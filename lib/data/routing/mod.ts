/** Questions for routers. */
export { type Route, ROUTES, type RoutingQuestion } from "./question.ts";
export { routingQuestionAt } from "./routing_question_at.ts";
