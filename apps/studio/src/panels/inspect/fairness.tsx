/** How a classifier treats the groups of a column. */

import type { BiasAudit, BiasGap } from "@dl/metrics";
import type { JSX } from "preact";
import { percent } from "../../widgets/reading.tsx";

export function Fairness({ audit }: { audit: BiasAudit }): JSX.Element {
  const most = audit.classes.length;
  return (
    <section class="card" aria-label="Groups">
      <header>
        <h2>By {audit.column}</h2>
        <span class="soft small">
          a gap above {percent(audit.tolerance, 0)} is marked; chance alone makes gaps, the interval says how large
        </span>
      </header>
      <div class="grid wide">
        <table>
          <thead>
            <tr>
              <th scope="col">group</th>
              <th scope="col" class="number">
                examples
              </th>
              <th scope="col" class="number">
                accuracy
              </th>
              <th scope="col" class="number">
                calibration error
              </th>
            </tr>
          </thead>
          <tbody>
            {audit.groups.map(({ group, count, accuracy, calibrationError, isSmall }) => (
              <tr key={group}>
                <td>
                  {group}
                  {isSmall && (
                    <span class="soft small" title="So few that its rates are mostly chance">
                      {" "}
                      (few)
                    </span>
                  )}
                </td>
                <td class="number">{count}</td>
                <td class="number">{percent(accuracy)}</td>
                <td class="number">{percent(calibrationError)}</td>
              </tr>
            ))}
            <tr>
              <td>
                <b>largest gap</b>
              </td>
              <td />
              <td class="number">
                <Gap gap={audit.accuracy} />
              </td>
              <td class="number">{audit.calibration && <Gap gap={audit.calibration} />}</td>
            </tr>
          </tbody>
        </table>
        <div class="stack">
          {audit.classes.slice(0, 10).map(({ name, fairness, demographicParity, equalizedOdds }) => (
            <table key={name}>
              <caption>told "{name}"</caption>
              <thead>
                <tr>
                  <th scope="col">group</th>
                  <th scope="col" class="number">
                    of all
                  </th>
                  <th scope="col" class="number">
                    rightly
                  </th>
                  <th scope="col" class="number">
                    wrongly
                  </th>
                </tr>
              </thead>
              <tbody>
                {fairness.groups.map(({ group, selectionRate, truePositiveRate, falsePositiveRate }) => (
                  <tr key={group}>
                    <td>{group}</td>
                    <td class="number">{percent(selectionRate)}</td>
                    <td class="number">{percent(truePositiveRate)}</td>
                    <td class="number">{percent(falsePositiveRate)}</td>
                  </tr>
                ))}
                <tr>
                  <td>
                    <b>largest gap</b>
                  </td>
                  <td class="number">
                    <Gap gap={demographicParity} />
                  </td>
                  <td class="number" colSpan={2}>
                    <Gap gap={equalizedOdds} />
                  </td>
                </tr>
              </tbody>
            </table>
          ))}
          {most > 10 && <p class="soft small">The first ten of {most} classes.</p>}
          <p class="soft small">
            Of all: demographic parity. Rightly and wrongly: the rates of true and of false answers, whose larger gap is that of equalised
            odds.
          </p>
        </div>
      </div>
    </section>
  );
}

function Gap({ gap: { value, interval, isFlagged } }: { gap: BiasGap }): JSX.Element {
  return (
    <>
      <b class={isFlagged ? "bad" : "good"}>{percent(value)}</b>
      {interval && (
        <span class="soft small">
          {" "}
          ({percent(interval[0], 0)} to {percent(interval[1], 0)})
        </span>
      )}
    </>
  );
}
