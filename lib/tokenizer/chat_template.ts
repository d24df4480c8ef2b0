import { parseJinja, renderJinja } from "./jinja.ts";

/** A call of a tool, as the OpenAI API and chat templates write it. */
export interface ToolCall {
  id?: string;
  type?: "function";
  function: {
    name: string;
    /** An object, or JSON text of one, which is parsed before the template sees it. */
    arguments: string | Record<string, unknown>;
  };
}

/** One message of a conversation. Templates may use other fields too, such as `reasoning_content`. */
export interface ChatMessage {
  role: string;
  content?: string | null | readonly Record<string, unknown>[];
  tool_calls?: readonly ToolCall[];
  tool_call_id?: string;
  name?: string;
  reasoning_content?: string;
}

/** A tool that the model may call: a name, what it does, and the JSON schema of its arguments. */
export interface ToolDefinition {
  type: "function";
  function: { name: string; description?: string; parameters?: Record<string, unknown>; [key: string]: unknown };
}

export interface ChatTemplateOptions {
  /** Tools to offer to the model. Default: none. */
  tools?: readonly ToolDefinition[];
  /** Ends with the beginning of an assistant's turn, for the model to go on. Default false. */
  addGenerationPrompt?: boolean;
  /** Leaves the last message open, for the model to go on with its text. Default false. */
  continueFinalMessage?: boolean;
  /** Other variables that the template knows, such as `enable_thinking`. */
  variables?: Record<string, unknown>;
}

/** The template refuses the conversation, or is broken. */
export class ChatTemplateError extends Error {
  override name = "ChatTemplateError";
}

/** A parsed Jinja chat template. */
export class ChatTemplate {
  readonly #program: ReturnType<typeof parseJinja>;

  /**
   * @param path the file it is from, for messages
   * @param source Jinja text, as transformers understands it
   * @param specialTokens what `bos_token`, `eos_token` and so on are in the template
   * @throws {ChatTemplateError} when it is not Jinja
   */
  constructor(
    private readonly path: string,
    readonly source: string,
    private readonly specialTokens: Record<string, string>,
  ) {
    try {
      this.#program = parseJinja(source);
    } catch (cause) {
      throw new ChatTemplateError(`${path}: the chat template is not valid Jinja: ${messageOf(cause)}`, { cause });
    }
  }

  /**
   * Renders a conversation.
   *
   * @throws {ChatTemplateError} with the template's own words when it refuses the messages
   */
  render(messages: readonly ChatMessage[], options: ChatTemplateOptions = {}): string {
    if (!options.continueFinalMessage) return this.#render(messages, options);
    return this.#renderOpen(messages, options);
  }

  #render(
    messages: readonly ChatMessage[],
    { tools, addGenerationPrompt = false, variables }: ChatTemplateOptions,
  ): string {
    try {
      return renderJinja(this.#program, {
        ...this.specialTokens,
        ...variables,
        messages: messages.map(withParsedArguments),
        // Templates ask `if tools`; an empty list and none mean the same.
        tools: tools === undefined || tools.length === 0 ? null : tools,
        add_generation_prompt: addGenerationPrompt,
      });
    } catch (cause) {
      throw new ChatTemplateError(`${this.path}: the chat template refuses this conversation: ${messageOf(cause)}`, {
        cause,
      });
    }
  }

  /** Renders with a mark at the end of the last message's text, and cuts there. */
  #renderOpen(messages: readonly ChatMessage[], options: ChatTemplateOptions): string {
    const last = messages.at(-1);
    if (options.addGenerationPrompt) {
      throw new ChatTemplateError(
        "addGenerationPrompt and continueFinalMessage exclude each other: one opens a new turn, one goes on.",
      );
    }
    if (last === undefined || typeof last.content !== "string") {
      throw new ChatTemplateError("continueFinalMessage needs a last message whose content is text.");
    }
    const mark = "\uE0FFend\uE0FF";
    // The white space after the mark, of a kind no template writes, shows whether the template trims contents: then the
    // text before the mark is to be trimmed too.
    const marked = this.#render(
      [...messages.slice(0, -1), { ...last, content: `${last.content}${mark}\u2003` }],
      options,
    );
    const end = marked.lastIndexOf(mark);
    if (end < 0) {
      throw new ChatTemplateError("continueFinalMessage: the chat template leaves the last message's text out.");
    }
    const open = marked.slice(0, end);
    return marked[end + mark.length] === "\u2003" ? open : open.trimEnd();
  }
}

/** Templates expect the arguments of a call as an object; the OpenAI API sends them as text. */
function withParsedArguments(message: ChatMessage): ChatMessage {
  if (!message.tool_calls) return message;
  return {
    ...message,
    tool_calls: message.tool_calls.map((call) => {
      if (typeof call.function?.arguments !== "string") return call;
      try {
        return { ...call, function: { ...call.function, arguments: JSON.parse(call.function.arguments) } };
      } catch {
        // A model may have written anything there; the template shows it as it is.
        return call;
      }
    }),
  };
}

/** What a template says itself may be long. */
function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length <= 500 ? message : `${message.slice(0, 497)}...`;
}
