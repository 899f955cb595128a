import { useState } from "react";
import { Link, useSearchParams } from "wouter";
import type { AnalysisStatus } from "@/contract";
import { useAnalysis } from "@/hooks/use-analysis";
import { usePlayhead } from "@/hooks/use-playhead";
import { useTitle } from "@/hooks/use-title";
import { fileName } from "@/lib/format";
import { bandOf, toneOf, wasJudged } from "@/lib/score";
import { Differences, Letter } from "@/parts/differences";
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
      {/* Both sides share their rows, so that like stands beside like. */}
      <div className="grid gap-x-8 gap-y-12 md:grid-cols-2 md:grid-rows-[repeat(5,auto)] md:gap-y-5">
        <Side status={left.data} letter="A" />
        <Side status={right.data} letter="B" />
      </div>
      {left.data.result && right.data.result && <Differences names={[fileName(left.data.filename), fileName(right.data.filename)]} results={[left.data.result, right.data.result]} />}
    </>
  );
}

function Side({ status, letter }: { status: AnalysisStatus; letter: "A" | "B" }) {
  const playhead = usePlayhead();
  const [track, setTrack] = useState<number | null>(null);
  const { result } = status;
  const name = fileName(status.filename);
  const label = `${letter}: ${name}`;
  return (
    <section aria-label={label} className="grid min-w-0 content-start gap-5 md:row-span-5 md:grid-rows-subgrid">
      <div className="flex flex-wrap items-center justify-between gap-2">
        <h2 className="flex min-w-0 items-center gap-3 text-lg">
          <Letter which={letter} />
          <span className="truncate">{name}</span>
        </h2>
        {result ? <VerdictChip tone={toneOf(result)} /> : <VerdictChip tone="none" label={texts.states[status.status]} />}
      </div>
      {result && (
        <>
          <Player id={status.analysisId} name={label} result={result} faces={result.faces} playhead={playhead} track={track} />
          <Scale probability={result.probability} band={bandOf(result)} judged={wasJudged(result)} />
          <Timeline name={label} result={result} playhead={playhead} track={track} onTrack={setTrack} bare />
        </>
      )}
      <Link href={`/clip/${status.analysisId}`} className="key self-start justify-self-start">
        {texts.compare.open}
      </Link>
    </section>
  );
}
