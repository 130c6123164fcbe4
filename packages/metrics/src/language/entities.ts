/** Reads entities from tags such as B-PER I-PER O. Ramshaw & Marcus 1995; conlleval of Tjong Kim Sang & Buchholz 2000. */

import { DataError } from "@dl/core";

/** Tokens `start … end − 1` of one type. */
export interface Entity {
  readonly type: string;
  readonly start: number;
  readonly end: number;
}

/**
 * - `lenient`: conlleval: any tag may begin an entity, and a change of type does; reads IOB1, IOB2, IOE, IOBES and BILOU alike.
 * - `IOB2`: an entity is B, then I of the same type; any other I is nothing.
 * - `IOBES`, `BILOU`: an entity is S (U), or B, any I, and E (L), of one type; anything else is nothing.
 */
export type TagScheme = "lenient" | "IOB2" | "IOBES" | "BILOU";

interface Tag {
  readonly prefix: string;
  readonly type: string;
}

/** The entities of one sentence, in order. Throws on a tag that is no tag of the scheme. */
export function entitiesOf(tags: readonly string[], { scheme = "lenient" }: { readonly scheme?: TagScheme } = {}): Entity[] {
  const read = tags.map((tag, i) => readTag(tag, i, scheme));
  switch (scheme) {
    case "lenient":
      return lenient(read);
    case "IOB2":
      return strict(read, { hasEnds: false });
    case "IOBES":
    case "BILOU":
      return strict(read, { hasEnds: true });
    default:
      return scheme satisfies never;
  }
}

/** BILOU's last and unit are IOBES's end and single. */
function readTag(tag: string, place: number, scheme: TagScheme): Tag {
  if (tag === "O") return { prefix: "O", type: "" };
  const allowed = { lenient: "BIESLU", IOB2: "BI", IOBES: "BIES", BILOU: "BILU" }[scheme];
  const match = /^([A-Z])(?:-(.+))?$/su.exec(tag);
  if (match === null || !allowed.includes(match[1]!)) {
    throw new DataError(
      `entitiesOf: expected O or one of ${[...allowed].join(", ")} with a type, such as B-PER (${scheme}), got "${tag}" at ${place}.`,
    );
  }
  return { prefix: match[1] === "L" ? "E" : match[1] === "U" ? "S" : match[1]!, type: match[2] ?? "_" };
}

const outside: Tag = { prefix: "O", type: "" };

function lenient(tags: readonly Tag[]): Entity[] {
  const entities: Entity[] = [];
  let start: number | undefined;
  for (let i = 0; i <= tags.length; i++) {
    const before = tags[i - 1] ?? outside;
    const tag = tags[i] ?? outside;
    const isOther = before.prefix !== "O" && before.type !== tag.type;
    const isEnd = "ES".includes(before.prefix) || "BSO".includes(tag.prefix) || isOther;
    if (start !== undefined && isEnd) {
      entities.push({ type: before.type, start, end: i });
      start = undefined;
    }
    if (start === undefined && tag.prefix !== "O") start = i;
  }
  return entities;
}

/** Entities with a beginning: B and any I, and where the scheme has ends, an E; or S alone. All of one type. */
function strict(tags: readonly Tag[], { hasEnds }: { readonly hasEnds: boolean }): Entity[] {
  const entities: Entity[] = [];
  for (let start = 0; start < tags.length; ) {
    const { prefix, type } = tags[start]!;
    let end = start + 1;
    if (prefix === "B") {
      const goesOn = (wanted: string): boolean => tags[end]?.prefix === wanted && tags[end]!.type === type;
      while (goesOn("I")) end++;
      if (!hasEnds) entities.push({ type, start, end });
      else if (goesOn("E")) entities.push({ type, start, end: ++end });
    } else if (prefix === "S") entities.push({ type, start, end });
    start = end;
  }
  return entities;
}
