/** A confusion matrix: rows are what images are, columns what they were taken for. */

import "./confusion.css";
import type { JSX } from "preact";

export interface ConfusionProps {
  /** Counts `[true, predicted]`. */
  readonly counts: ArrayLike<number>;
  readonly classNames: readonly string[];
  readonly selected?: readonly [number, number] | undefined;
  readonly onSelect?: (cell: readonly [number, number]) => void;
}

export function Confusion({ counts, classNames, selected, onSelect }: ConfusionProps): JSX.Element {
  const classes = classNames.length;
  const rows = Array.from({ length: classes }, (_, row) =>
    Array.from({ length: classes }, (_, column) => counts[row * classes + column] ?? 0),
  );
  return (
    <div class="confusion-box">
      <table class="confusion" style={`--classes:${classes}`}>
        <caption class="hidden-label">Confusion matrix: rows are the true classes, columns the predicted ones</caption>
        <thead>
          <tr>
            <td />
            {classNames.map((name) => (
              <th key={name} scope="col" title={name}>
                <span>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row, truth) => {
            const total = row.reduce((sum, count) => sum + count, 0);
            return (
              <tr key={classNames[truth]}>
                <th scope="row" title={classNames[truth]}>
                  {classNames[truth]}
                </th>
                {row.map((count, predicted) => {
                  const share = total === 0 ? 0 : count / total;
                  const isRight = truth === predicted;
                  // At most half of the colour: ink is read on it in both themes, 4.5 to 1. Mistakes are few: their colour rises faster.
                  const strength = isRight ? share : Math.min(1, 2.5 * Math.sqrt(share));
                  const isSelected = selected?.[0] === truth && selected[1] === predicted;
                  return (
                    <td
                      key={classNames[predicted]}
                      class={`${isRight ? "right" : "wrong"}${isSelected ? " selected" : ""}`}
                      style={`--strength:${Math.round(50 * strength)}%`}
                    >
                      {onSelect && count > 0 ? (
                        <button
                          type="button"
                          title={`${count} × ${classNames[truth]} taken for ${classNames[predicted]}`}
                          onClick={() => onSelect([truth, predicted])}
                        >
                          {count}
                        </button>
                      ) : (
                        count || ""
                      )}
                    </td>
                  );
                })}
              </tr>
            );
          })}
        </tbody>
      </table>
    </div>
  );
}
