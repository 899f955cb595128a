import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { AnalysisStatus, BranchName, Result } from "@/contract";
import { useAnalysis } from "@/hooks/use-analysis";
import { usePlayhead } from "@/hooks/use-playhead";
import { useTitle } from "@/hooks/use-title";
import { fileName, percent } from "@/lib/format";
import { bandOf, toneOf, wasJudged } from "@/lib/score";
import { ORDER } from "@/lib/waterfall";
import { CheckIcon } from "@/parts/check-icon";
import { Loading } from "@/parts/loading";
import { Player } from "@/parts/player";
import { ProblemNote } from "@/parts/problem-note";
import { Scale } from "@/parts/scale";
import { Timeline } from "@/parts/timeline";
import { VerdictChip } from "@/parts/verdict-chip";
import { texts } from "@/texts";

/** Two analyses beside one another. */
export function ComparePage() {
  useTitle(texts.compare.title);
  const [query] = useSearchParams();
  const [a, b] = [query.get("a"), query.get("b")];
  const t = texts.compare;
  return (
    <div className="grid gap-8">
      <header>
        <h1 className="text-3xl">{t.title}</h1>
        <p className="mt-2 text-ink-2">{t.lead}</p>
      </header>
      {a && b ? (
        <Pair a={a} b={b} />
      ) : (
        <div className="panel grid justify-items-center gap-4 px-6 py-16 text-center">
          <p className="text-lg text-ink-2">{t.choose}</p>
          <Link href="/history" className="key key-strong">
            {t.toHistory}
          </Link>
        </div>
      )}
    </div>
  );
}

function Pair({ a, b }: { a: string; b: string }) {
  const [left, right] = [useAnalysis(a), useAnalysis(b)];
  const error = left.error ?? right.error;
  if (error) return <ProblemNote error={error} />;
  if (!left.data || !right.data) return <Loading />;
  return (
    <>
      <div className="grid gap-x-8 gap-y-10 md:grid-cols-2">
        <Side status={left.data} />
        <Side status={right.data} />
      </div>
      {left.data.result && right.data.result && <Differences a={left.data} b={right.data} results={[left.data.result, right.data.result]} />}
    </>
  );
}

function Side({ status }: { status: AnalysisStatus }) {
  const playhead = usePlayhead();
  const [track, setTrack] = useState<number | null>(null);
  const { result } = status;
  return (
    <section aria-label={fileName(status.filename)} className="grid min-w-0 content-start gap-5">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="min-w-0 truncate text-lg">{fileName(status.filename)}</h2>
        {result ? <VerdictChip tone={toneOf(result)} /> : <VerdictChip tone="none" label={texts.states[status.status]} />}
      </div>
      {result && (
        <>
          <Player id={status.analysisId} name={fileName(status.filename)} result={result} faces={result.faces} playhead={playhead} track={track} />
          <Scale probability={result.probability} band={bandOf(result)} judged={wasJudged(result)} />
          <Timeline name={fileName(status.filename)} result={result} playhead={playhead} track={track} onTrack={setTrack} bare />
        </>
      )}
      <Link href={`/clip/${status.analysisId}`} className="key justify-self-start">
        {texts.compare.open}
      </Link>
    </section>
  );
}

const alone = (result: Result, name: BranchName): number | null => result.branches.find((branch) => branch.name === name)?.probability ?? null;

function Differences({ a, b, results }: { a: AnalysisStatus; b: AnalysisStatus; results: [Result, Result] }) {
  const t = texts.compare;
  const rows: [string, BranchName | null, number | null, number | null][] = [
    [t.overall, null, results[0].probability, results[1].probability],
    ...ORDER.map((name): [string, BranchName, number | null, number | null] => [texts.checks[name].name, name, alone(results[0], name), alone(results[1], name)]),
  ];
  return (
    <div className="panel overflow-x-auto p-4 sm:p-6" tabIndex={0} role="region" aria-label={t.table}>
      <table className="w-full min-w-xl text-sm">
        <thead>
          <tr className="text-ink-3">
            <th scope="col" className="pb-2 text-left font-medium">
              {t.measure}
            </th>
            {[a, b].map((status) => (
              <th key={status.analysisId} scope="col" className="max-w-40 truncate pb-2 pl-4 text-right font-medium">
                {fileName(status.filename)}
              </th>
            ))}
            <th scope="col" className="pb-2 pl-4 text-right font-medium">
              {t.difference}
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, branch, left, right]) => (
            <tr key={name} className={branch ? "" : "font-semibold"}>
              <th scope="row" className="border-t border-line py-2.5 text-left font-medium">
                <span className="flex items-center gap-2.5">
                  <CheckIcon name={branch ?? "fusion"} className="size-4.5 text-ink-2" /> {name}
                </span>
              </th>
              <td className="measure border-t border-line text-right">{left === null ? t.notScored : percent(left)}</td>
              <td className="measure border-t border-line text-right">{right === null ? t.notScored : percent(right)}</td>
              <td className="measure border-t border-line text-right">{left === null || right === null ? "" : t.points(Math.round(100 * right) - Math.round(100 * left))}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
