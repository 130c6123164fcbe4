/** TypeScript in colours: comments, texts, numbers and keywords, which is all an example needs. */

import type { JSX } from "preact";

const token =
  /(\/\/[^\n]*|\/\*[\s\S]*?\*\/)|("(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`)|\b(\d[\d_.]*(?:e-?\d+)?)\b|\b(import|from|const|let|await|using|new|for|of|if|return|function|type|class|extends|declare|export|interface|async|true|false|undefined)\b/g;

const kinds = ["comment", "text", "number", "word"] as const;

export function Highlighted({ code }: { code: string }): JSX.Element {
  const parts: (string | JSX.Element)[] = [];
  let at = 0;
  for (const match of code.matchAll(token)) {
    if (match.index > at) parts.push(code.slice(at, match.index));
    const kind = kinds.find((_, i) => match[i + 1] !== undefined)!;
    parts.push(
      <span key={match.index} class={`ts-${kind}`}>
        {match[0]}
      </span>,
    );
    at = match.index + match[0].length;
  }
  parts.push(code.slice(at));
  return <code>{parts}</code>;
}
