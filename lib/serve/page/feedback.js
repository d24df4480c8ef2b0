// @ts-check
/// <reference lib="dom" />
/** Thumbs up or down for an answer, with a comment. */
import { button, element } from "./dom.js";

/** @import { Feedback } from "./contract.ts" */

/**
 * @param {Omit<Feedback, "messageId"> | undefined} given what was said before
 * @param {(feedback: Omit<Feedback, "messageId">) => Promise<void>} send
 */
export function feedbackView(given, send) {
  const said = element("span", { class: "faint" });
  const place = element("div");
  /** @param {Omit<Feedback, "messageId">} feedback */
  const give = async (feedback) => {
    up.setAttribute("aria-pressed", String(feedback.rating === "up"));
    down.setAttribute("aria-pressed", String(feedback.rating === "down"));
    try {
      await send(feedback);
      said.textContent = "Thank you, noted.";
    } catch {
      said.textContent = "This could not be sent. Try again.";
    }
  };
  /** @param {Feedback["rating"]} rating */
  const rate = (rating) => {
    give({ rating });
    const comment = element("textarea", {
      rows: 2,
      maxlength: 4000,
      dir: "auto",
      "aria-label": "What was good or bad about it?",
    });
    comment.placeholder = rating === "up" ? "What was good? (optional)" : "What was wrong? (optional)";
    place.replaceChildren(element(
      "form",
      {
        class: "comment",
        submit: (event) => {
          event.preventDefault();
          place.replaceChildren();
          if (comment.value.trim() !== "") give({ rating, comment: comment.value.trim() });
        },
      },
      comment,
      element("button", { type: "submit", class: "plain" }, "Send comment"),
    ));
  };
  const up = button("Helpful", () => rate("up"), { "aria-pressed": String(given?.rating === "up") });
  const down = button("Not helpful", () => rate("down"), { "aria-pressed": String(given?.rating === "down") });
  return { buttons: [up, down, said], place };
}
