import type { BranchName, Result } from "@/contract";
import { percent } from "@/lib/format";
import { wasJudged } from "@/lib/score";
import { ORDER } from "@/lib/waterfall";
import { CheckIcon } from "@/parts/check-icon";
import { texts } from "@/texts";

const LOOK = { A: "bg-ink text-paper", B: "border-ink bg-surface text-ink" };

/** The sign of one of two clips: A is filled, B is open, here as in the plot. */
export function Letter({ which }: { which: "A" | "B" }) {
  return <span className={`grid size-6 shrink-0 place-items-center rounded-full border-2 border-ink text-xs font-bold ${LOOK[which]}`}>{which}</span>;
}

type Both = [number | null, number | null];

const alone = (result: Result, name: BranchName): number | null => result.branches.find((branch) => branch.name === name)?.probability ?? null;
const overall = (result: Result): number | null => (wasJudged(result) ? result.probability : null);

interface Props {
  names: [string, string];
  results: [Result, Result];
}

/** What every check found of both clips, on one axis from authentic to deepfake. */
export function Differences({ names, results: [a, b] }: Props) {
  const t = texts.compare;
  const rows: [string, BranchName | "fusion", Both][] = [
    [t.overall, "fusion", [overall(a), overall(b)]],
    ...ORDER.map((name): [string, BranchName, Both] => [texts.checks[name].name, name, [alone(a, name), alone(b, name)]]),
  ];
  return (
    <div className="panel p-4 sm:p-6" role="region" aria-label={t.table}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-ink-3">
            <th scope="col" className="pb-2 text-left font-medium">
              {t.measure}
            </th>
            <td className="hidden w-2/5 pb-2 text-xs sm:table-cell" aria-hidden="true">
              <span className="flex justify-between">
                <span>{percent(0)}</span>
                <span>{percent(0.5)}</span>
                <span>{percent(1)}</span>
              </span>
            </td>
            {names.map((name, index) => (
              <th key={index} scope="col" className="pb-2 pl-3 font-medium" title={name}>
                <span className="flex justify-end">
                  <Letter which={index === 0 ? "A" : "B"} />
                  <span className="sr-only">{name}</span>
                </span>
              </th>
            ))}
            <th scope="col" className="pb-2 pl-3 text-right font-medium whitespace-nowrap">
              {t.difference}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, icon, both]) => (
            <tr key={name} className={icon === "fusion" ? "font-semibold" : ""}>
              <th scope="row" className="border-t border-line py-2.5 text-left font-medium">
                <span className="flex items-center gap-2.5">
                  <CheckIcon name={icon} className="size-4.5 text-ink-2" /> {name}
                </span>
              </th>
              <td className="hidden border-t border-line sm:table-cell" aria-hidden="true">
                <Span both={both} />
              </td>
              {both.map((value, index) => (
                <td key={index} className="measure border-t border-line pl-3 text-right">
                  {value === null ? <span className="font-sans text-ink-3">{t.notScored}</span> : percent(value)}
                </td>
              ))}
              <td className="measure border-t border-line pl-3 text-right">{difference(both)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function difference([a, b]: Both): string {
  return a === null || b === null ? "" : texts.compare.points(Math.round(100 * b) - Math.round(100 * a));
}

/** Both clips as dots on the axis, and the way between them. */
function Span({ both: [a, b] }: { both: Both }) {
  return (
    <span className="relative block h-6">
      <span className="absolute inset-x-0 top-1/2 h-px bg-line" />
      <span className="absolute inset-y-0 left-1/2 w-px bg-line" />
      {a !== null && b !== null && <span className="absolute top-1/2 h-0.5 -translate-y-1/2 bg-line-strong" style={{ left: percent(Math.min(a, b), 2), width: percent(Math.abs(b - a), 2) }} />}
      {a !== null && <span className="absolute top-1/2 size-2.5 -translate-1/2 rounded-full bg-ink" style={{ left: percent(a, 2) }} />}
      {b !== null && <span className="absolute top-1/2 size-4 -translate-1/2 rounded-full border-2 border-ink" style={{ left: percent(b, 2) }} />}
    </span>
  );
}
