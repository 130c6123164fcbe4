/**
 * JSON (RFC 8259) for headers of unknown origin. Unlike `JSON.parse` it refuses a name given twice, keeps objects in a `Map`
 * (so that `__proto__` is a name like any other), and refuses deep nesting.
 */

export type HeaderValue = string | number | boolean | null | readonly HeaderValue[] | ReadonlyMap<string, HeaderValue>;

/** What is wrong with the text, and where; callers add the file's name. */
export class HeaderSyntaxError extends Error {}

const numberToken = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const spaceToken = /[ \t\n\r]*/y;
// A header nests three deep: the object, a tensor's object, its shape.
const maximumDepth = 8;

export function parseHeaderJson(text: string): HeaderValue {
  let at = 0;

  const fail = (expected: string): never => {
    const got = at < text.length ? JSON.stringify(text.slice(at, at + 16)) : "the end";
    throw new HeaderSyntaxError(`expected ${expected} at character ${at}, got ${got}`);
  };
  const skipSpace = (): void => {
    spaceToken.lastIndex = at;
    spaceToken.test(text);
    at = spaceToken.lastIndex;
  };
  const take = (token: string): boolean => {
    skipSpace();
    if (!text.startsWith(token, at)) return false;
    at += token.length;
    return true;
  };
  const expect = (token: string): void => {
    if (!take(token)) fail(JSON.stringify(token));
  };

  const parseString = (): string => {
    const start = at;
    expect('"');
    for (; text[at] !== '"'; at++) {
      if (at >= text.length) fail("the end of a string");
      if (text[at] === "\\") at++;
    }
    at++;
    try {
      return JSON.parse(text.slice(start, at).trimStart()) as string;
    } catch {
      at = start;
      return fail("a string with valid escapes");
    }
  };

  const parseObject = (depth: number): ReadonlyMap<string, HeaderValue> => {
    const entries = new Map<string, HeaderValue>();
    if (take("}")) return entries;
    do {
      skipSpace();
      const name = parseString();
      if (entries.has(name)) throw new HeaderSyntaxError(`expected every name once, got ${JSON.stringify(name)} twice`);
      expect(":");
      entries.set(name, parseValue(depth));
    } while (take(","));
    expect("}");
    return entries;
  };

  const parseArray = (depth: number): readonly HeaderValue[] => {
    const items: HeaderValue[] = [];
    if (take("]")) return items;
    do items.push(parseValue(depth));
    while (take(","));
    expect("]");
    return items;
  };

  const parseValue = (depth: number): HeaderValue => {
    if (depth > maximumDepth) fail(`at most ${maximumDepth} levels of nesting`);
    skipSpace();
    if (text[at] === '"') return parseString();
    if (take("{")) return parseObject(depth + 1);
    if (take("[")) return parseArray(depth + 1);
    if (take("true")) return true;
    if (take("false")) return false;
    if (take("null")) return null;
    numberToken.lastIndex = at;
    const token = numberToken.exec(text);
    if (token === null) return fail("a value");
    at = numberToken.lastIndex;
    return Number(token[0]);
  };

  const value = parseValue(0);
  skipSpace();
  if (at < text.length) fail("nothing more");
  return value;
}
