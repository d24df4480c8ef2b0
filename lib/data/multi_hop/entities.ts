/** The things of a generated world and what is true of them. */
import type { Random } from "../../random/mod.ts";
import { bookTitle, firstName, inventedName, type NameSort, similarName } from "./names.ts";
import type { EntityKind, Relation } from "./relation.ts";
import { RELATIONS } from "./relations.ts";
import { COLORS, GOODS, JOBS, SUBJECTS } from "./values.ts";

/** A person, place or thing. */
export interface Entity {
  kind: EntityKind;
  name: string;
  pronoun: "She" | "He" | "It";
  facts: Fact[];
}

/** One relation of a thing. */
export interface Fact {
  relation: Relation;
  value: string;
  /** The other thing, where it has a document of its own. */
  target?: Entity;
}

const CLUBS = ["school", "team", "band", "company", "book"] as const;
const SUFFIXES = {
  school: ["School", "College"],
  team: ["United", "Rovers", "City"],
  band: ["Trio", "Band", "Quartet"],
} as const;

/**
 * `count` things with different names and up to `factsEach` facts each. Some have a namesake: a person with the same
 * first or last name, a place whose name begins in the same way.
 */
export function drawEntities(random: Random, count: number, factsEach: number): Entity[] {
  const entities: Entity[] = [];
  const taken = new Set<string>();
  const add = (kind: EntityKind) => {
    for (;;) {
      const like = entities.filter((entity) => entity.kind === kind);
      const { name, pronoun } = drawName(
        random,
        kind,
        like.length > 0 && random.chance(0.35) ? random.pick(like) : null,
      );
      // No word of a name means two things; people may share one of their two words.
      const words = name.split(" ");
      const isNew = kind === "person" ? !taken.has(name) : !taken.has(words[0] === "The" ? name : words[0]);
      if (!isNew) continue;
      for (const word of [name, ...words]) taken.add(word);
      entities.push({ kind, name, pronoun, facts: [] });
      return;
    }
  };
  const people = Math.max(2, Math.round(count * 0.3));
  const towns = Math.max(2, Math.round(count * 0.2));
  const rivers = Math.max(2, Math.round(count * 0.15));
  for (let i = 0; i < rivers; i++) add("river");
  for (let i = 0; i < towns; i++) add("town");
  for (let i = 0; i < people; i++) add("person");
  // Things come in pairs of a kind now and then, so that two can be compared.
  while (entities.length < count) {
    const kind = random.pick(CLUBS);
    add(kind);
    if (entities.length < count && random.chance(0.4)) add(kind);
  }
  for (const entity of entities) entity.facts = drawFacts(random, entity, entities, factsEach);
  return random.shuffle(entities);
}

function drawName(random: Random, kind: EntityKind, like: Entity | null): Pick<Entity, "name" | "pronoun"> {
  const invented = (sort: NameSort) =>
    like === null ? inventedName(random, sort) : similarName(random, like.name, sort);
  switch (kind) {
    case "person": {
      const { first, pronoun } = firstName(random);
      const last = inventedName(random, "surname");
      if (like === null) return { name: `${first} ${last}`, pronoun };
      const [likeFirst, likeLast] = like.name.split(" ");
      return random.chance(0.5)
        ? { name: `${likeFirst} ${last}`, pronoun: like.pronoun }
        : { name: `${first} ${likeLast}`, pronoun };
    }
    case "town":
    case "river":
    case "company":
      return { name: invented(kind), pronoun: "It" };
    case "book":
      return { name: bookTitle(random), pronoun: "It" };
    default:
      return { name: `${invented("town")} ${random.pick(SUFFIXES[kind])}`, pronoun: "It" };
  }
}

/** The relations of each kind of thing. */
const RELATIONS_OF = Map.groupBy(RELATIONS, (relation) => relation.of);

function drawFacts(random: Random, entity: Entity, entities: readonly Entity[], count: number): Fact[] {
  const facts: Fact[] = [];
  for (const relation of random.shuffle(RELATIONS_OF.get(entity.kind)!)) {
    if (facts.length === count) break;
    const fact = drawFact(random, relation, entity, entities);
    if (fact !== null) facts.push(fact);
  }
  return facts;
}

function drawFact(random: Random, relation: Relation, entity: Entity, entities: readonly Entity[]): Fact | null {
  switch (relation.to) {
    case "year":
      return {
        relation,
        value: String(entity.kind === "person" ? random.integer(1920, 1999) : random.integer(1850, 2019)),
      };
    case "length":
      return { relation, value: `${random.integer(12, 980)} km` };
    case "lake":
      // Few lakes, so that two rivers may share one.
      return { relation, value: lakeOf(random, entities) };
    case "goods":
      return { relation, value: random.pick(GOODS) };
    case "job":
      return { relation, value: random.pick(JOBS) };
    case "color":
      return { relation, value: random.pick(COLORS) };
    case "subject":
      return { relation, value: random.pick(SUBJECTS) };
    default: {
      const targets = entities.filter((other) => other.kind === relation.to && other !== entity);
      if (targets.length === 0) return null;
      // Now and then the same as that of another thing of the kind, so that two things share it.
      const shared = entities.flatMap(({ facts }) => facts).filter((fact) =>
        fact.relation === relation && fact.target !== undefined && fact.target !== entity
      );
      const target = shared.length > 0 && random.chance(0.35) ? random.pick(shared).target! : random.pick(targets);
      return { relation, value: target.name, target };
    }
  }
}

function lakeOf(random: Random, entities: readonly Entity[]): string {
  const known = entities.flatMap((entity) => entity.facts).filter((fact) => fact.relation.to === "lake");
  return known.length > 0 && random.chance(0.4) ? random.pick(known).value : `Lake ${inventedName(random, "river")}`;
}
