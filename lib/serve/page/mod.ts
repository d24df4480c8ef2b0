/**
 * The page: a conversation with the medical agent in a browser, without a build step. Plain ES modules whose types are
 * checked from their comments; `index.html` names all there is.
 *
 * @module
 */
export { PAGE_SECURITY_POLICY, type PageFile, pageFile, pagePaths } from "./page.ts";
