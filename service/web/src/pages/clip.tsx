import { useQuery } from "@tanstack/react-query";
import { useMemo, useRef, useState } from "react";
import { useLocation } from "wouter";
import { api } from "@/api";
import type { AnalysisStatus, Result } from "@/contract";
import { useAnalysis } from "@/hooks/use-analysis";
import { usePlayhead } from "@/hooks/use-playhead";
import { useTitle } from "@/hooks/use-title";
import { withPaths } from "@/lib/boxes";
import { ago, fileName } from "@/lib/format";
import { toneOf } from "@/lib/score";
import { AnalysisActions, ReportButtons } from "@/parts/actions";
import { BranchCards } from "@/parts/branch-cards";
import { Evidence } from "@/parts/evidence";
import { InProgress } from "@/parts/in-progress";
import { Loading } from "@/parts/loading";
import { Pipeline } from "@/parts/pipeline";
import { Player } from "@/parts/player";
import { ProblemNote } from "@/parts/problem-note";
import { Provenance } from "@/parts/provenance";
import { Timeline } from "@/parts/timeline";
import { TONE_NAME } from "@/parts/verdict-chip";
import { AnotherClip, VerdictPanel } from "@/parts/verdict-panel";
import { Waterfall } from "@/parts/waterfall";
import { texts } from "@/texts";
import { useUploads } from "@/uploads";

/** One analysis: under way, ended without a verdict, or with one. */
export function ClipPage({ id }: { id: string }) {
  const { data, error, refetch } = useAnalysis(id);
  const name = fileName(data?.filename);
  useTitle(data?.result ? `${TONE_NAME[toneOf(data.result)]}: ${name}` : data ? name : texts.result.title);
  if (error) return <ProblemNote error={error} whole onRetry={() => void refetch()} />;
  if (!data) return <Loading />;
  if (data.status === "processing") return <InProgress status={data} />;
  return data.result ? <Finding status={data} result={data.result} /> : <Ended status={data} />;
}

/** Cancelled, or failed: what happened and what to do, with the steps as far as they went. */
function Ended({ status }: { status: AnalysisStatus }) {
  const failed = status.status === "error";
  return (
    <section className="grid gap-6">
      <h1 className="text-2xl break-words sm:text-3xl">{fileName(status.filename)}</h1>
      {failed ? <ProblemNote error={status.error} title={texts.states.error} /> : <p className="text-lg text-ink-2">{texts.result.cancelled}</p>}
      {failed && status.steps && <Pipeline steps={status.steps} />}
      <div className="flex flex-wrap gap-2">
        <AnotherClip />
        {failed && <Actions status={status} />}
      </div>
    </section>
  );
}

function Actions({ status }: { status: AnalysisStatus }) {
  const [, navigate] = useLocation();
  return <AnalysisActions id={status.analysisId} filename={status.filename} onErased={() => navigate("/history")} />;
}

/** The whole finding: clip and verdict side by side, then time, sum, checks, pictures and record. */
function Finding({ status, result }: { status: AnalysisStatus; result: Result }) {
  const playhead = usePlayhead();
  const [track, setTrack] = useState<number | null>(null);
  const faces = useFaces(status.analysisId, result);
  const screen = useRef<HTMLDivElement>(null);
  const { seek } = playhead;
  const show = (timeS: number) => {
    seek(timeS);
    screen.current?.scrollIntoView({ block: "nearest", behavior: "smooth" });
  };
  return (
    <article className="grid gap-10">
      <header className="flex flex-wrap items-center justify-between gap-x-6 gap-y-3">
        <h1 className="min-w-0 text-xl break-words">{fileName(status.filename)}</h1>
        <div className="flex flex-wrap gap-2">
          <ReportButtons id={status.analysisId} filename={status.filename} />
          <Actions status={status} />
        </div>
        <ReuseNote status={status} />
      </header>
      <div className="grid gap-x-10 gap-y-8 lg:grid-cols-[6fr_6fr]">
        <VerdictPanel result={result} />
        <div ref={screen} className="scroll-mt-4 lg:order-first">
          <Player id={status.analysisId} name={fileName(status.filename)} result={result} faces={faces} playhead={playhead} track={track} />
        </div>
      </div>
      <Timeline name={fileName(status.filename)} result={result} playhead={playhead} track={track} onTrack={setTrack} />
      <BranchCards result={result} />
      <Waterfall result={result} />
      <Evidence id={status.analysisId} result={result} onSeek={show} />
      {status.steps && (
        <section aria-labelledby="course" className="grid gap-4">
          <h2 id="course" className="text-xl">
            {texts.result.course}
          </h2>
          <Pipeline steps={status.steps} />
        </section>
      )}
      <Provenance status={status} result={result} />
    </article>
  );
}

/** The faces, with their whole paths once those have been fetched. */
function useFaces(id: string, result: Result) {
  const { data } = useQuery({
    queryKey: ["faces", id],
    queryFn: ({ signal }) => api.faces(id, signal),
    enabled: result.faces.length > 0,
    staleTime: Infinity,
    retry: false,
  });
  return useMemo(() => withPaths(result.faces, data), [result.faces, data]);
}

function ReuseNote({ status }: { status: AnalysisStatus }) {
  const known = useUploads().some((item) => item.phase === "sent" && item.id === status.analysisId && item.reused);
  const [now] = useState(() => Date.now());
  if (!known || !status.submittedAt) return null;
  return <p className="w-full rounded-[10px] bg-sunken px-4 py-3 text-sm text-ink-2">{texts.result.reused(ago(status.submittedAt, now))}</p>;
}
