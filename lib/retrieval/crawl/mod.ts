/** Pages of the web, read with manners. */
export { crawl } from "./crawl.ts";
export { PUBLIC_SEEDS, type PublicSeed } from "./public_seeds.ts";
export { SAMPLE_ODDITIES } from "./sample_oddities.ts";
export { type UrlPolicy, urlPolicy, type UrlPolicyOptions, type UrlVerdict } from "./url_policy.ts";
export { type CrawlOptions, PRODUCT_TOKEN } from "./options.ts";
export type {
  CrawlEvent,
  CrawlProgress,
  CrawlSummary,
  FailedEvent,
  FailReason,
  FinishedEvent,
  PageEvent,
  SkippedEvent,
  SkipReason,
} from "./events.ts";
export { type SampleRequest, type SampleSite, type SampleSiteOptions, serveSampleSite } from "./sample_site.ts";
