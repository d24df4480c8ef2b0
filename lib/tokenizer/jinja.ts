/**
 * Runs Jinja templates, which come from strangers, within bounds: a template that loops without end or builds an endless
 * text is an error. @huggingface/jinja parses and interprets; here its steps are counted.
 */
import { Environment, Interpreter, Template } from "@huggingface/jinja";

type Program = Template["parsed"];
type Statement = Exclude<Parameters<Interpreter["evaluate"]>[0], undefined>;
type Value = ReturnType<Interpreter["evaluate"]>;

/**
 * Evaluated expressions, rounds of loops, and a share of the lists and texts they look at. A conversation takes a few
 * hundred a message; this many take about a second.
 */
const mostSteps = 2_000_000;
/** No text on the way may be longer: the longest context windows hold a quarter of it. */
const mostCharacters = 1 << 24;
/** Of one `range()`. */
const mostNumbers = 100_000;
/** Spaces of one indentation. */
const mostIndent = 100;

/** Parses Jinja text. Throws when it is not Jinja. */
export function parseJinja(source: string): Program {
  return plainly("a whole template: something is missing, at its end perhaps", () => new Template(source).parsed);
}

/**
 * Renders a parsed template with its variables. Throws when the template does, when it goes beyond the bounds above, and
 * when it uses what the library does not know.
 */
export function renderJinja(program: Program, variables: Record<string, unknown>): string {
  const environment = new Environment();
  for (const [name, value] of Object.entries({ ...globals, ...variables })) environment.set(name, value);
  const rendered = plainly(
    "only what chat templates commonly use, on values that are there",
    () => new BoundedInterpreter(environment).run(program),
  );
  return String(rendered.value);
}

/** What every template may use. */
const globals: Record<string, unknown> = {
  true: true,
  True: true,
  false: false,
  False: false,
  none: null,
  None: null,
  raise_exception(message: unknown) {
    throw new Error(String(message));
  },
  range,
  strftime_now: (format: unknown) => clock.render({ format }),
};

const clock = new Template("{{ strftime_now(format) }}");

function range(first: unknown, second?: unknown, step: unknown = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  if (!isWhole(start) || !isWhole(stop) || !isWhole(step) || step === 0) {
    throw new Error("range() expects whole numbers, and a step other than 0");
  }
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (length > mostNumbers) throw new Error(`range() of ${length} numbers; at most ${mostNumbers} are made`);
  return Array.from({ length }, (_, i) => start + i * step);
}

function isWhole(value: unknown): value is number {
  return Number.isSafeInteger(value);
}

class BoundedInterpreter extends Interpreter {
  #steps = 0;
  /** What `for` statements go through: one step for each round, even of an empty loop, would be too few. */
  readonly #iterables = new WeakSet<object>();

  override evaluate(statement: Statement | undefined, environment: Environment): Value {
    this.#count(1);
    if (statement === undefined) return super.evaluate(statement, environment);
    if (statement.type === "FilterExpression") this.#checkIndent(statement, environment);
    if (statement.type === "For") {
      const { iterable } = statement as Statement & { iterable: Statement & { lhs?: Statement } };
      this.#iterables.add(iterable.type === "SelectExpression" ? iterable.lhs! : iterable);
    }
    const result = super.evaluate(statement, environment);
    const { value } = result;
    // Whoever looks at a list or a text, looks at all of it.
    if (typeof value === "string") {
      if (value.length > mostCharacters) throw new Error(`it makes a text of more than ${mostCharacters} characters`);
      this.#count(value.length >> (makesNew.has(statement.type) ? 6 : 8));
    } else if (Array.isArray(value)) {
      this.#count(this.#iterables.has(statement) ? 4 * value.length : 0);
      this.#count(makesNew.has(statement.type) ? value.length : value.length >> 4);
    }
    return result;
  }

  #count(steps: number): void {
    this.#steps += steps;
    if (this.#steps > mostSteps) throw new Error(`it takes more than ${mostSteps} steps: does it loop without end?`);
  }

  /** `indent` and `tojson` take a number of spaces, which the library believes. */
  #checkIndent(statement: Statement, environment: Environment): void {
    const { filter } = statement as Statement & {
      filter: Statement & { callee?: { value?: unknown }; args?: Statement[] };
    };
    if (filter.args === undefined || (filter.callee?.value !== "indent" && filter.callee?.value !== "tojson")) return;
    for (const argument of filter.args) {
      const { value } = argument as Statement & { value?: Statement };
      const spaces =
        super.evaluate(argument.type === "KeywordArgumentExpression" ? value : argument, environment).value;
      if (typeof spaces === "number" && spaces > mostIndent) {
        throw new Error(`it indents by ${spaces}; at most ${mostIndent}`);
      }
    }
  }
}

/** Expressions whose text or list is new. */
const makesNew = new Set(["BinaryExpression", "CallExpression", "FilterExpression"]);

/** Says in plain words what the library leaves to the runtime: a stack overflow, a part of the template that is absent. */
function plainly<T>(expected: string, run: () => T): T {
  try {
    return run();
  } catch (cause) {
    if (cause instanceof RangeError && /call stack/.test(cause.message)) {
      throw new Error("it is nested, or calls itself, thousands of levels deep", { cause });
    }
    if (cause instanceof RangeError || cause instanceof TypeError) throw new Error(`expected ${expected}`, { cause });
    throw cause;
  }
}
