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
    <div className="grid grid-cols-[auto_5.5rem_1fr] items-center gap-x-3 gap-y-2 sm:grid-cols-[auto_7rem_1fr_auto]">
      <input type="checkbox" className="size-5 accent-ink disabled:opacity-30" checked={chosen} disabled={!complete} aria-label={texts.history.choose(name)} onChange={onChoose} />
      <Thumbnail id={item.analysisId} className="aspect-video w-full rounded-md" />
      <div className="min-w-0">
        <Link href={`/clip/${item.analysisId}`} className="block truncate font-semibold underline decoration-line-strong underline-offset-4 hover:decoration-ink">
          {name}
        </Link>
        <p className="mt-1.5 flex flex-wrap items-center gap-x-4 gap-y-1.5 text-sm text-ink-3">
          <SummaryChip item={item} />
          {complete && item.probability !== null && <Likelihood probability={item.probability} />}
          <span>{ago(item.submittedAt)}</span>
          {item.durationS !== null && <span className="measure">{texts.time.seconds(item.durationS)}</span>}
          {item.earlyExit && <span>{texts.result.earlyExit}</span>}
        </p>
      </div>
      <div className="col-span-full justify-self-end sm:col-auto">
        {item.status === "processing" ? <CancelButton id={item.analysisId} name={name} /> : <AnalysisActions id={item.analysisId} filename={item.filename} onErased={onErased} compact />}
      </div>
    </div>
  );
}

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
