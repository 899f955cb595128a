import { Link } from "wouter";
import type { AnalysisSummary } from "@/contract";
import { ago, fileName, percent } from "@/lib/format";
import { scoreColour } from "@/lib/score";
import { AnalysisActions } from "@/parts/actions";
import { SummaryChip, Thumbnail } from "@/parts/clip-card";
import { CancelButton } from "@/parts/queue";
import { texts } from "@/texts";

interface Props {
  item: AnalysisSummary;
  chosen: boolean;
  onChoose: () => void;
  onErased: () => void;
}

/** One analysis in the history, with what can be done about it. */
export function HistoryRow({ item, chosen, onChoose, onErased }: Props) {
  const name = fileName(item.filename);
  const complete = item.status === "complete";
  return (
    <div className="grid grid-cols-[auto_4.5rem_minmax(0,1fr)] items-center gap-x-3 gap-y-2.5 sm:grid-cols-[auto_7rem_minmax(0,1fr)_auto] sm:gap-y-0.5">
      <input type="checkbox" className="size-5 accent-ink disabled:opacity-30 sm:row-span-2" checked={chosen} disabled={!complete} aria-label={texts.history.choose(name)} onChange={onChoose} />
      <Thumbnail item={item} className="aspect-video w-full rounded-md sm:row-span-2" />
      <Link href={`/clip/${item.analysisId}`} className="justify-self-start truncate font-semibold max-w-full underline decoration-line-strong underline-offset-4 hover:decoration-ink sm:self-end">
        {name}
      </Link>
      <p className="col-span-full flex flex-wrap items-center gap-x-4 gap-y-1.5 text-sm text-ink-3 sm:col-start-3 sm:col-end-4 sm:self-start">
        <SummaryChip item={item} />
        {complete && item.probability !== null && wasJudged(item) && <Likelihood probability={item.probability} />}
        <span>{ago(item.submittedAt)}</span>
        {item.durationS !== null && <span className="measure">{texts.time.seconds(item.durationS)}</span>}
        {item.earlyExit && <span>{texts.result.earlyExit}</span>}
      </p>
      <div className="col-span-full justify-self-end sm:col-start-4 sm:row-span-2 sm:row-start-1">
        {item.status === "processing" ? <CancelButton id={item.analysisId} name={name} /> : <AnalysisActions id={item.analysisId} filename={item.filename} onErased={onErased} compact />}
      </div>
    </div>
  );
}

/** An analysis in which no check could judge carries exactly one half, which is no finding. */
const wasJudged = (item: AnalysisSummary): boolean => !(item.inconclusive && item.probability === 0.5);

function Likelihood({ probability }: { probability: number }) {
  return (
    <span className="flex items-center gap-2" title={texts.history.probability(probability)}>
      <span className="relative h-1.5 w-16 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
        <span className="absolute inset-y-0 left-0" style={{ width: `${probability * 100}%`, background: scoreColour(probability) }} />
      </span>
      <span className="measure">
        {percent(probability)}
        <span className="sr-only"> {texts.history.likely}</span>
      </span>
    </span>
  );
}
