/** What can be set in a panel, as data: the form, the link and the check of a link all follow from it. */

export interface ChoiceSetting<V extends string = string> {
  readonly kind: "choice";
  readonly label: string;
  readonly options: readonly { readonly value: V; readonly label: string; readonly note?: string }[];
  readonly initial: NoInfer<V>;
  readonly hint?: string;
}

export interface NumberSetting {
  readonly kind: "number";
  readonly label: string;
  readonly initial: number;
  readonly minimum: number;
  readonly maximum: number;
  /** Only whole numbers. Default false. */
  readonly whole?: boolean;
  readonly hint?: string;
}

/** One line of text, such as a network. */
export interface TextSetting {
  readonly kind: "text";
  readonly label: string;
  readonly initial: string;
  readonly longest: number;
  readonly hint?: string;
}

export type Setting = ChoiceSetting | NumberSetting | TextSetting;
export type Schema = Readonly<Record<string, Setting>>;

/** The values of a schema. */
export type ValuesOf<S extends Schema> = {
  readonly [K in keyof S]: S[K] extends ChoiceSetting<infer V> ? V : S[K] extends NumberSetting ? number : string;
};

/** A closed choice, typed by its values. */
export function choice<const V extends string>(
  label: string,
  { options, initial, hint }: { options: readonly { value: V; label: string; note?: string }[]; initial: NoInfer<V>; hint?: string },
): ChoiceSetting<V> {
  return { kind: "choice", label, options, initial, ...(hint !== undefined && { hint }) };
}

/** A whole number. */
export function whole(label: string, setting: Omit<NumberSetting, "kind" | "label" | "whole">): NumberSetting {
  return { kind: "number", label, whole: true, ...setting };
}

export function real(label: string, setting: Omit<NumberSetting, "kind" | "label" | "whole">): NumberSetting {
  return { kind: "number", label, ...setting };
}

export function text(label: string, setting: Omit<TextSetting, "kind" | "label">): TextSetting {
  return { kind: "text", label, ...setting };
}

export function initialValues<S extends Schema>(schema: S): ValuesOf<S> {
  return Object.fromEntries(Object.entries(schema).map(([name, { initial }]) => [name, initial])) as ValuesOf<S>;
}

/** Why a value is none of a setting's; undefined when it is. */
export function wrongWith(setting: Setting, value: unknown): string | undefined {
  switch (setting.kind) {
    case "choice":
      return setting.options.some((option) => option.value === value)
        ? undefined
        : `expected one of ${setting.options.map((option) => option.value).join(", ")}`;
    case "number": {
      const { minimum, maximum, whole = false } = setting;
      if (typeof value === "number" && value >= minimum && value <= maximum && (!whole || Number.isInteger(value))) return undefined;
      return `expected a ${whole ? "whole " : ""}number from ${minimum} to ${maximum}`;
    }
    case "text":
      return typeof value === "string" && value.length <= setting.longest ? undefined : `expected at most ${setting.longest} characters`;
    default:
      return setting satisfies never;
  }
}

/** Values as the part of a link after `?`: only what differs from the schema's. */
export function toQuery<S extends Schema>(schema: S, values: ValuesOf<S>): string {
  const query = new URLSearchParams();
  for (const [name, setting] of Object.entries(schema)) {
    const value = values[name];
    if (value !== setting.initial) query.set(name, String(value));
  }
  return query.toString();
}

/** Values of a link; what is not there, or makes no sense, is the schema's, and named. */
export function fromQuery<S extends Schema>(
  schema: S,
  query: string,
): { readonly values: ValuesOf<S>; readonly refused: readonly string[] } {
  const given = new URLSearchParams(query);
  const refused: string[] = [];
  const entries = Object.entries(schema).map(([name, setting]) => {
    const word = given.get(name);
    if (word === null) return [name, setting.initial];
    const value = setting.kind === "number" && word.trim() !== "" ? Number(word) : word;
    const wrong = wrongWith(setting, value);
    if (wrong === undefined) return [name, value];
    refused.push(`${setting.label}: ${wrong}, got ${JSON.stringify(word.slice(0, 40))}.`);
    return [name, setting.initial];
  });
  for (const name of new Set(given.keys()))
    if (!Object.hasOwn(schema, name))
      refused.push(`${JSON.stringify(name.slice(0, 40))} is no setting here, where there are ${Object.keys(schema).join(", ")}.`);
  return { values: Object.fromEntries(entries) as ValuesOf<S>, refused };
}
