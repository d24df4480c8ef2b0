// @ts-check
/// <reference lib="dom" />
/** What to say when something goes wrong, and what the person can do about it. */
import { ServerError } from "./api.js";

/** @typedef {{ title: string, advice: string, wait: number, canRetry: boolean }} Failure wait: seconds until trying again makes sense */

/**
 * @param {unknown} error
 * @param {{ isOnline: boolean }} browser
 * @returns {Failure}
 */
export function failureOf(error, { isOnline }) {
  if (!(error instanceof ServerError)) {
    // A fault of this page: its own words help whoever mends it.
    return {
      title: "The page itself failed.",
      advice: `Reload it and try again. ${String(error)}`,
      wait: 0,
      canRetry: true,
    };
  }
  const { message, status, retryAfter } = error;
  const said = message === "" ? "" : `The server says: ${message}`;
  const wait = retryAfter ?? 0;
  switch (status) {
    case 0:
      return {
        title: isOnline ? `${message}.` : "You are offline.",
        advice: isOnline
          ? "Look whether the server still runs (deno task serve), then try again. Your question is kept here."
          : "Connect to the network, then try again. Your question is kept here.",
        wait: 0,
        canRetry: true,
      };
    case 401:
      return {
        title: "The server wants a token.",
        advice: "Ask whoever started it for one, then try again.",
        wait: 0,
        canRetry: true,
      };
    case 404:
      return {
        title: "This conversation is no longer there.",
        advice: "It may have been deleted in another window. Begin a new conversation; your question is kept here.",
        wait: 0,
        canRetry: false,
      };
    case 413:
      return {
        title: "This is too long.",
        advice: `Shorten the question, or begin a new conversation. ${said}`,
        wait: 0,
        canRetry: false,
      };
    case 409:
    case 429:
    case 503:
      return {
        title: "The server is busy.",
        advice: wait > 0
          ? `It asks you to wait ${wait} s. Your question is kept here.`
          : "Wait a moment, then try again.",
        wait,
        canRetry: true,
      };
    default:
      return status >= 400 && status < 500
        ? {
          title: "The server refused this.",
          advice: `Change the question and try again. ${said}`,
          wait: 0,
          canRetry: true,
        }
        : {
          title: "Something went wrong.",
          advice: `Try again; if it happens again, look at the server's log. ${said}`,
          wait: 0,
          canRetry: true,
        };
  }
}
