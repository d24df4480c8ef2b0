// @ts-check
/// <reference lib="dom" />
/** Puts the parts of the page together. The conversation on show is named in the address: `#/<session id>`. */
import { Announcer } from "./announcer.js";
import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { Conversation } from "./conversation.js";
import { button, byId, element, fill } from "./dom.js";
import { openEvidence } from "./evidence_panel.js";
import { download, markdownOf } from "./export.js";
import { failureOf } from "./failure.js";
import { HistoryPanel } from "./history_panel.js";
import { memoryView } from "./memory_panel.js";
import { Panel } from "./panel.js";
import { askToken } from "./token_dialog.js";

const EXAMPLES = [
  "How does allopurinol help people with gout?",
  "I am pregnant and my head aches. Can I take ibuprofen?",
  "Which products already contain acetaminophen?",
];

const api = new Api(askToken);
const announcer = new Announcer();
const memoryButton = byId("open-memory", HTMLButtonElement);
const panel = new Panel((shown) => memoryButton.setAttribute("aria-expanded", String(shown === "memory")));

const conversation = new Conversation({
  api,
  announcer,
  thread: byId("thread", HTMLElement),
  choices: () => ({ mode: composer.mode, model: composer.model }),
  openEvidence: (evidence, number) => openEvidence(panel, evidence, number),
  editQuestion: (question) => composer.write(question),
  changed: showState,
});

const composer = new Composer({
  send: (question) => conversation.ask(question),
  stop: () => conversation.stop(),
  recall: () => conversation.editLast(),
});

const earlier = new HistoryPanel({
  begin: () => {
    location.hash = "";
    conversation.clear();
    composer.focus();
  },
  remove: (id) =>
    attempt(async () => {
      await api.deleteSession(id);
      announcer.say("Deleted.");
      if (id === conversation.id) {
        location.hash = "";
        conversation.clear();
      } else await listSessions();
    }),
});

let wasRunning = false;

/** Brings what is around the conversation up to date. */
function showState() {
  composer.isBusy = conversation.isRunning;
  byId("welcome", HTMLElement).hidden = !conversation.isEmpty;
  byId("export", HTMLElement).hidden = conversation.isEmpty;
  panel.update("memory", ...memory());
  if (conversation.id !== null && conversation.id !== idInAddress()) {
    history.replaceState(null, "", `#/${encodeURIComponent(conversation.id)}`);
  }
  if (!conversation.isRunning && (wasRunning || conversation.isEmpty)) listSessions().catch(() => {});
  wasRunning = conversation.isRunning;
}

function memory() {
  return memoryView(conversation.session, {
    edit: (patch) => changeMemory(async (id) => await api.editMemory(id, patch), "Changed."),
    forgetAll: () => changeMemory(async (id) => await api.deleteMemory(id), "Nothing is remembered any more."),
  });
}

/**
 * @param {(id: string) => Promise<void>} change
 * @param {string} done
 */
function changeMemory(change, done) {
  const { id } = conversation;
  if (id === null) return;
  attempt(async () => {
    await change(id);
    await conversation.refresh();
    announcer.say(done);
  });
}

async function listSessions() {
  earlier.show(await api.sessions(), conversation.id);
}

function idInAddress() {
  if (!location.hash.startsWith("#/")) return null;
  try {
    return decodeURIComponent(location.hash.slice(2));
  } catch {
    // An address that was cut short names no conversation.
    return null;
  }
}

/** Shows the conversation that the address names. */
async function openAddressed() {
  const id = idInAddress();
  if (id === conversation.id) return;
  if (id === null) return conversation.clear();
  await attempt(() => conversation.open(id));
  await listSessions().catch(() => {});
}

/**
 * Does something that is no question; says so when it goes wrong.
 *
 * @param {() => Promise<void>} act
 */
async function attempt(act) {
  const place = byId("trouble", HTMLElement);
  try {
    await act();
    place.hidden = true;
  } catch (error) {
    const { title, advice } = failureOf(error, { isOnline: navigator.onLine });
    fill(
      place,
      element("p", {}, element("strong", {}, title), " ", advice),
      button("Close", () => place.hidden = true),
    );
    place.hidden = false;
    announcer.say(`${title} ${advice}`);
  }
}

memoryButton.addEventListener("click", () => {
  if (panel.shown === "memory") panel.close();
  else panel.open("memory", "Memory", ...memory());
});

document.addEventListener("keydown", (event) => {
  // A sheet or a dialog above the page takes its own Escape.
  if (event.key !== "Escape" || event.defaultPrevented || document.querySelector("dialog[open]")) return;
  if (conversation.isRunning) conversation.stop();
  else if (panel.shown) panel.close();
});

document.addEventListener("click", (event) => {
  const menu = byId("export", HTMLDetailsElement);
  if (event.target instanceof Node && !menu.contains(event.target)) menu.open = false;
});
byId("export-markdown", HTMLButtonElement).addEventListener("click", () => keep("md"));
byId("export-json", HTMLButtonElement).addEventListener("click", () => keep("json"));

/** @param {"md" | "json"} kind */
function keep(kind) {
  byId("export", HTMLDetailsElement).open = false;
  attempt(async () => {
    await conversation.refresh();
    const { session } = conversation;
    if (session === null) return;
    const name = `kiln-${session.id.slice(0, 8)}.${kind}`;
    if (kind === "md") download(name, markdownOf(session), "text/markdown");
    else download(name, JSON.stringify(session, null, 2) + "\n", "application/json");
  });
}

fill(
  byId("examples", HTMLElement),
  ...EXAMPLES.map((example) => element("li", {}, button(example, () => conversation.ask(example)))),
);
addEventListener("hashchange", openAddressed);
attempt(async () => composer.offer(await api.models()));
showState();
openAddressed();
composer.focus();
