/** One message on its way to an answer. */
import {
  type PatientProfile,
  profileFacts,
  profileText,
  type Remembered,
  rememberFacts,
  type Session,
  type SessionMessage,
  turnOf,
} from "../memory/mod.ts";
import { resultMessage } from "../chat/mod.ts";
import type { Auditor } from "../reflect/mod.ts";
import { checkMessage, makeAnswerSafe, type MessageCheck } from "../safety/mod.ts";
import { auditDraft } from "./audit_draft.ts";
import { shortView, wholeView } from "./audit_view.ts";
import { answerBodyMass, asksForBodyMass } from "./body_mass.ts";
import type { Draft, Drafter } from "./draft.ts";
import type { MedicalEvent, MedicalMode, NumberedEvidence } from "./events.ts";
import { answeredEvidence, citationsIn } from "./final_citations.ts";
import { findEvidence, type FoundEvidence } from "./find_evidence.ts";
import { isFollowUp, openQuestionOf } from "./follow_up.ts";
import type { MedicalAgentOptions } from "./medical_agent.ts";
import { ownQuestion } from "./own_question.ts";
import { missingCautions } from "./patient_cautions.ts";
import { fieldsAskedFor, greetingText, notedText, onlyTells, recallText } from "./recall.ts";
import { GENERAL_REWRITE, HOUSE_REWRITE, rewriteQuery } from "./rewrite_query.ts";
import { entitiesIn, entitiesOfProfile } from "./special_groups.ts";
import { StageClock } from "./stage_clock.ts";
import { saveTurn } from "./save_turn.ts";
import { type Ending, NOT_KNOWN, plainEvidence, queryExtra, refusedBy, WITHHELD } from "./turn_ending.ts";
import { historyOf } from "./turn_history.ts";

/** From this certainty of the evidence on, a question is medical whatever the router says. */
const CERTAINLY_MEDICAL = 1;
/** What a turn is given. */
export interface TurnInput {
  text: string;
  session: Session;
  mode: MedicalMode;
  signal: AbortSignal;
  tell: (event: MedicalEvent) => void;
}

/** Answers one message and writes the session. Made for one run. */
export class Turn {
  readonly #clock: StageClock;
  #remembered: Remembered | null = null;
  #reasoning = "";

  constructor(
    private readonly options: MedicalAgentOptions,
    private readonly drafter: Drafter,
    private readonly auditor: Auditor | null,
    private readonly input: TurnInput,
  ) {
    this.#clock = new StageClock(input.tell);
  }

  get #profile(): PatientProfile {
    return this.#remembered?.profile ?? this.input.session.profile;
  }

  async run(): Promise<void> {
    const ending = await this.#ending();
    await this.#finish(ending);
  }

  async #ending(): Promise<Ending> {
    const { text, session, signal, mode, tell } = this.input;
    const { router, numbers } = this.options;
    const greeting = greetingText(text);
    if (greeting !== null) return { outcome: "answered", text: greeting, extra: { by: "greeting" } };
    const asksBack = fieldsAskedFor(text);
    const about = isFollowUp(text) ? openQuestionOf(session.messages) : "";
    const check = await this.#clock.time("safety", () =>
      checkMessage(text, {
        // What is about the profile, or goes on with what was asked, belongs here whatever it looks like by itself.
        router: asksBack !== null || about !== "" || asksForBodyMass(text) ? undefined : router,
        ...numbers,
        signal,
      }));
    if (check.kind === "emergency") return { outcome: "emergency", text: check.answer };
    if (check.kind === "refused" && check.reason !== "out of scope") return refusedBy(check);

    const remembered = await this.#remember();
    tell({ type: "memory", profile: remembered.profile, changes: remembered.changes, conflicts: remembered.conflicts });
    if (asksBack !== null) {
      return { outcome: "answered", text: recallText(remembered.profile, asksBack), extra: { by: "profile" } };
    }
    if (onlyTells(text, remembered.changes)) {
      const { profile, changes, conflicts } = remembered;
      return { outcome: "remembered", text: notedText(profile, changes, conflicts.length) };
    }
    if (check.kind === "refused" && mode === "direct") return refusedBy(check);
    if (asksForBodyMass(text)) {
      const measured = await this.#bodyMass();
      if (measured !== null) return measured;
    }
    if (mode === "direct") return this.#direct();
    return await this.#fromEvidence(about, check);
  }

  #remember(): Promise<Remembered> {
    const { text: message, session, signal } = this.input;
    const { model, form } = this.options;
    return this.#clock.time("memory", async () => {
      const turn = turnOf(session.messages) + 1;
      this.#remembered = await rememberFacts({
        model,
        profile: session.profile,
        message,
        turn,
        form: form === "house" ? "house" : "described",
        signal,
      });
      return this.#remembered;
    }, ({ usage }) => usage);
  }

  async #bodyMass(): Promise<Ending | null> {
    const { text, signal } = this.input;
    const answer = await this.#clock.time(
      "tool",
      () => answerBodyMass(this.options.model, text, { signal }),
      (answer) => answer?.usage ?? { promptTokens: 0, completionTokens: 0 },
    );
    if (answer === null) return null;
    const { call, result } = answer;
    const { id, name, arguments: given } = call;
    const toolCall = {
      id,
      type: "function" as const,
      function: { name, arguments: structuredClone(given) as Record<string, never> },
    };
    const { content } = resultMessage(call, result);
    return {
      outcome: "answered",
      text: answer.text,
      between: [
        { role: "assistant", content: "", toolCalls: [toolCall] },
        { role: "tool", content: String(content), toolCallId: id, name },
      ],
      extra: { tool: name },
    };
  }

  async #direct(): Promise<Ending> {
    const standalone = ownQuestion(this.input.text, this.#remembered?.changes ?? []);
    const draft = await this.#draft({ found: null, standalone });
    return draft.text === "" ? { outcome: "notKnown", text: NOT_KNOWN } : { outcome: "answered", text: draft.text };
  }

  async #fromEvidence(about: string, check: MessageCheck): Promise<Ending> {
    const { text, mode, signal, tell } = this.input;
    const question = ownQuestion(text, this.#remembered?.changes ?? []);
    const { model, knowledge, form, k, leastCertainty } = this.options;
    const facts = profileFacts(this.#profile);
    const ofProfile = entitiesOfProfile(facts);
    // Who is asked about is in the question as often as in the profile.
    const patient = [...new Set([...entitiesIn(question).groups.filter((group) => group !== "allergy"), ...ofProfile])];
    const query = await this.#clock.time("rewrite", () =>
      rewriteQuery({ question, about, patient: ofProfile }, {
        model,
        form: form === "house" ? HOUSE_REWRITE : GENERAL_REWRITE,
        embedder: knowledge.table.embedder,
        signal,
      }), ({ usage }) => usage);
    tell({ type: "query", text: query.text });
    const standalone = about === "" ? question : `${about} ${question}`;
    const found = await this.#clock.time(
      "search",
      () =>
        findEvidence(knowledge, { query: query.text, question: standalone, patient }, { k, leastCertainty, signal }),
    );
    // A router may be wrong about a short question; a library that has nearly all of its words is not.
    if (check.kind === "refused" && found.certainty < CERTAINLY_MEDICAL) return refusedBy(check);
    tell({ type: "evidence", evidence: found.evidence });
    const extra = queryExtra(query, found);
    if (!found.isKnown) {
      return { outcome: "notKnown", text: NOT_KNOWN, extra, answer: { evidence: plainEvidence(found.evidence) } };
    }

    const draft = await this.#draft({ found, standalone });
    extra.problems = draft.problems.map(({ kind, message }) => ({ kind, message }));
    if (draft.isRefusal || draft.text === "") {
      return { outcome: "notKnown", text: NOT_KNOWN, extra, answer: { evidence: plainEvidence(found.evidence) } };
    }
    if (mode === "evidence") return this.#answered(draft.text, draft, found, extra);

    const reflection = await auditDraft({
      auditor: this.auditor,
      view: (form === "house" ? shortView : wholeView)(draft.text, found.evidence),
      profile: facts,
      question: standalone,
      clock: this.#clock,
      tell,
      signal,
    });
    const { verdict, problems } = reflection.critique;
    const critique = { verdict, problems: problems.map((problem) => ({ ...problem })) };
    extra.reflection = reflection.outcome;
    if (reflection.outcome === "withheld") {
      return {
        outcome: "withheld",
        text: WITHHELD,
        extra,
        answer: { critique, evidence: plainEvidence(found.evidence) },
      };
    }
    const ending = this.#answered(reflection.answer, draft, found, extra);
    return { ...ending, answer: { ...ending.answer, critique } };
  }

  async #draft({ found, standalone }: { found: FoundEvidence | null; standalone: string }): Promise<Draft> {
    const { text: question, session, signal, tell } = this.input;
    const { model, form } = this.options;
    return await this.#clock.time("draft", async () => {
      // The house model was taught single questions; what they need of earlier ones is in `standalone`.
      const history = form === "house"
        ? []
        : await historyOf(session, { model, maxTokens: this.#contextTokens, signal });
      const written = await this.drafter.write(
        { question, standalone, profile: profileText(this.#profile), history, found },
        {
          signal,
          onPiece: (piece) => {
            if (piece.type === "reasoning") this.#reasoning += piece.text;
            tell(piece);
          },
        },
      );
      return written.isRefusal ? written : this.#withCautions(written, found?.evidence ?? [], standalone);
    }, ({ usage }) => usage);
  }

  /** What this patient has to avoid is said, whoever wrote the draft. */
  #withCautions(draft: Draft, evidence: readonly NumberedEvidence[], question: string): Draft {
    const cautions = missingCautions({ draft: draft.text, question, profile: profileFacts(this.#profile), evidence });
    if (cautions.length === 0) return draft;
    const added = ` ${cautions.join(" ")}`;
    this.input.tell({ type: "text", text: added });
    return { ...draft, text: draft.text + added };
  }

  #answered(text: string, draft: Draft, found: FoundEvidence, extra: NonNullable<SessionMessage["extra"]>): Ending {
    // What is taken out for safety's sake cites nothing any more.
    const safe = makeAnswerSafe(text, { disclaimer: null }).text;
    const citations = citationsIn(safe, draft.citations, found);
    const evidence = answeredEvidence(found.evidence, citations);
    return { outcome: "answered", text: safe, extra, answer: { citations, evidence: plainEvidence(evidence) } };
  }

  /** The message and the answer into the session, and the session into the store, all at once. */
  async #finish({ outcome, text, between = [], answer = {}, extra = {} }: Ending): Promise<void> {
    const { session, mode, signal, tell, text: asked } = this.input;
    const { store, now = () => new Date(), model } = this.options;
    const isOurs = outcome === "answered" && extra.by === undefined;
    const saved = await saveTurn({
      session,
      messages: [{ role: "user", content: asked }, ...between, {
        role: "assistant",
        content: isOurs ? makeAnswerSafe(text).text : text,
        mode,
        outcome,
        ...answer,
        ...(this.#reasoning.trim() === "" ? {} : { reasoning: this.#reasoning.trim() }),
        extra: { ...extra, model: model.name, stages: this.#clock.costs.map((cost) => ({ ...cost })) },
      }],
      remembered: this.#remembered,
    }, { store, model, maxTokens: this.#contextTokens, now: now(), signal });
    tell({ type: "answer", message: saved.messages.at(-1)!, outcome, session: saved });
  }

  get #contextTokens(): number {
    const { form, contextTokens = form === "house" ? 450 : 4000 } = this.options;
    return contextTokens;
  }
}
