import type { AnalysisStatus } from "@/contract";
import { fileName } from "@/lib/format";
import { Pipeline } from "@/parts/pipeline";
import { ProgressBar } from "@/parts/progress-bar";
import { CancelButton } from "@/parts/queue";
import { texts } from "@/texts";

/** An analysis under way. */
export function InProgress({ status }: { status: AnalysisStatus }) {
  const t = texts.pipeline;
  const name = fileName(status.filename);
  const queued = status.stageName === "Queued";
  return (
    <section aria-labelledby="examination" className="grid gap-8">
      <div className="flex flex-wrap items-end justify-between gap-4">
        <div className="min-w-0">
          <p className="label">{t.title}</p>
          <h1 id="examination" className="mt-1 text-2xl break-words sm:text-3xl">
            {name}
          </h1>
        </div>
        <CancelButton id={status.analysisId} name={name} />
      </div>
      <div className="grid gap-2.5">
        <div className="flex justify-between gap-4 text-sm">
          <span role="status" className="font-semibold">
            {t.stages[status.stageName] ?? status.stageName}
            {queued && <span className="font-normal text-ink-2"> · {t.waiting}</span>}
          </span>
          <span className="measure">{t.percent(status.percent)}</span>
        </div>
        <ProgressBar share={status.percent / 100} label={t.progress(name)} />
        {(status.attempts ?? 1) > 1 && <p className="text-sm text-ink-2">{t.attempt(status.attempts ?? 1)}</p>}
      </div>
      {status.steps && <Pipeline steps={status.steps} />}
    </section>
  );
}
