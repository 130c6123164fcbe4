/** A form made from a schema: segments for few choices, a list for many, numbers that say what is wrong with them. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren, JSX } from "preact";
import { useRef } from "preact/hooks";
import { type ChoiceSetting, type NumberSetting, type Schema, type Setting, type TextSetting, wrongWith } from "../settings/schema.ts";
import type { Settings } from "../settings/settings.ts";

/** Labels of more letters than this in all do not fit into two rows, or into one. A capital counts for one and a half. */
const widest = { pairs: 34, row: 26 };

function widthOf(label: string): number {
  return label.length + 0.5 * label.replace(/[^A-Z]/g, "").length;
}

export interface SettingsFormProps<S extends Schema> {
  readonly settings: Settings<S>;
  /** Which settings, in their order. Default all. */
  readonly only?: readonly (keyof S & string)[];
  readonly disabled?: boolean;
}

export function SettingsForm<S extends Schema>({ settings, only, disabled = false }: SettingsFormProps<S>): JSX.Element {
  const names = only ?? (Object.keys(settings.schema) as (keyof S & string)[]);
  return (
    <fieldset class="fields" disabled={disabled} style="border:0;margin:0;padding:0">
      {names.map((name) => (
        <Field
          key={name}
          setting={settings.schema[name]!}
          value={settings.values.value[name]}
          onChange={(value) => settings.change({ [name]: value } as never)}
        />
      ))}
    </fieldset>
  );
}

function Field({
  setting,
  value,
  onChange,
}: {
  setting: Setting;
  value: unknown;
  onChange: (value: string | number) => void;
}): JSX.Element {
  switch (setting.kind) {
    case "choice":
      return <ChoiceField setting={setting} value={value as string} onChange={onChange} />;
    case "number":
      return <NumberField setting={setting} value={value as number} onChange={onChange} />;
    case "text":
      return <TextField setting={setting} value={value as string} onChange={onChange} />;
    default:
      return setting satisfies never;
  }
}

function Labelled({
  label,
  hint,
  wide,
  children,
}: {
  label: string;
  hint?: ComponentChildren;
  wide?: boolean;
  children: ComponentChildren;
}): JSX.Element {
  return (
    // biome-ignore lint/a11y/noLabelWithoutControl: the control is among the children.
    <label class={wide ? "field wide" : "field"}>
      <span>{label}</span>
      {children}
      {hint}
    </label>
  );
}

let groups = 0;

function ChoiceField({
  setting,
  value,
  onChange,
}: {
  setting: ChoiceSetting;
  value: string;
  onChange: (value: string) => void;
}): JSX.Element {
  const name = useSignal(`choice-${groups++}`).value;
  const { label, options, hint } = setting;
  const note = options.find((option) => option.value === value)?.note ?? hint;
  const letters = options.reduce((sum, option) => sum + widthOf(option.label), 0);
  if (options.length > 4 || letters > widest.pairs) {
    return (
      <Labelled label={label} wide={letters > 20} hint={note && <small>{note}</small>}>
        <select value={value} onChange={(event) => onChange(event.currentTarget.value)}>
          {options.map((option) => (
            <option key={option.value} value={option.value}>
              {option.label}
            </option>
          ))}
        </select>
      </Labelled>
    );
  }
  return (
    <div class="field wide" role="radiogroup" aria-label={label}>
      <span>{label}</span>
      <div class={letters > widest.row ? "segments pairs" : "segments"}>
        {options.map((option) => (
          <label key={option.value}>
            <input type="radio" name={name} checked={option.value === value} onChange={() => onChange(option.value)} />
            <span>{option.label}</span>
          </label>
        ))}
      </div>
      {note && <small>{note}</small>}
    </div>
  );
}

interface Typed {
  /** As long as the field has the focus: `0.` on the way to `0.05` is no value yet, and must not be put back. */
  readonly word: string | undefined;
  /** What is wrong with it; empty where nothing is. */
  readonly wrong: string;
  /** The value that the setting has beside it. */
  readonly beside: number;
}

function NumberField({
  setting,
  value,
  onChange,
}: {
  setting: NumberSetting;
  value: number;
  onChange: (value: number) => void;
}): JSX.Element {
  const typed = useSignal<Typed | undefined>(undefined);
  // Two keys may come before the form is drawn again.
  const latest = useRef(value);
  latest.current = value;
  const { label, minimum, maximum, whole = false, hint } = setting;
  const take = (word: string): void => {
    const number = Number(word);
    const wrong = word.trim() === "" || Number.isNaN(number) ? "Expected a number." : sentence(wrongWith(setting, number));
    if (wrong === "") latest.current = number;
    typed.value = { word, wrong, beside: latest.current };
    if (wrong === "") onChange(number);
  };
  // A value that came from elsewhere, such as a link, answers what was typed before.
  const { word, wrong } = typed.value?.beside === value ? typed.value : { word: undefined, wrong: "" };
  return (
    <Labelled label={label} hint={wrong ? <small class="wrong">{`${wrong} It stays ${value}.`}</small> : hint && <small>{hint}</small>}>
      <input
        type="text"
        inputMode={whole && minimum >= 0 ? "numeric" : "decimal"}
        value={word ?? String(value)}
        aria-invalid={wrong !== ""}
        title={`From ${minimum} to ${maximum}`}
        onInput={(event) => take(event.currentTarget.value)}
        onBlur={() => {
          if (typed.value) typed.value = { ...typed.value, word: undefined };
        }}
      />
    </Labelled>
  );
}

function TextField({ setting, value, onChange }: { setting: TextSetting; value: string; onChange: (value: string) => void }): JSX.Element {
  return (
    <Labelled label={setting.label} wide hint={setting.hint && <small>{setting.hint}</small>}>
      <input
        type="text"
        spellcheck={false}
        autocomplete="off"
        maxLength={setting.longest}
        value={value}
        onInput={(event) => onChange(event.currentTarget.value)}
      />
    </Labelled>
  );
}

function sentence(words: string | undefined): string {
  return words === undefined ? "" : `${words[0]!.toUpperCase()}${words.slice(1)}.`;
}
