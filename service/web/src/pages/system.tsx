import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api } from "@/api";
import type { Health } from "@/contract-system";
import { useTitle } from "@/hooks/use-title";
import { percent } from "@/lib/format";
import { Glyph } from "@/parts/glyph";
import { Loading } from "@/parts/loading";
import { Models } from "@/parts/models";
import { ProblemNote } from "@/parts/problem-note";
import { texts } from "@/texts";

const LIVE_MS = 5_000;

/** How the service is doing, and how good its networks are. */
export function SystemPage() {
  useTitle(texts.system.title);
  const health = useQuery({ queryKey: ["health"], queryFn: ({ signal }) => api.health(signal), refetchInterval: LIVE_MS });
  const models = useQuery({ queryKey: ["models"], queryFn: ({ signal }) => api.models(signal), staleTime: Infinity });
  const t = texts.system;
  return (
    <div className="grid gap-12">
      <section className="grid gap-6">
        <header>
          <h1 className="text-3xl">{t.title}</h1>
          <p className="mt-2 text-ink-2">{t.lead}</p>
        </header>
        {health.error && <ProblemNote error={health.error} title={t.unreachable} onRetry={() => void health.refetch()} />}
        {health.isPending && <Loading />}
        {health.data && <State health={health.data} />}
      </section>
      <section aria-labelledby="models" className="grid gap-4">
        <div>
          <h2 id="models" className="text-2xl">
            {t.models}
          </h2>
          <p className="mt-1.5 max-w-prose text-ink-2">{t.modelsLead}</p>
        </div>
        {models.error && <ProblemNote error={models.error} onRetry={() => void models.refetch()} />}
        {models.isPending && <Loading />}
        {models.data && <Models entries={models.data.artefacts} />}
      </section>
    </div>
  );
}

function State({ health }: { health: Health }) {
  const t = texts.system;
  const ready = health.readyWorkers > 0;
  return (
    <>
      <div className="flex items-start gap-4" role="status">
        <span className={ready ? "text-authentic" : "text-inconclusive"}>
          <Glyph tone={ready ? "authentic" : "inconclusive"} className="mt-1 size-7" />
        </span>
        <p>
          <b className="block text-xl font-semibold">{ready ? t.ready : t.notReady}</b>
          <span className="text-ink-2">{ready ? t.readyIs : t.notReadyIs}</span>
        </p>
      </div>
      <dl className="grid grid-cols-2 gap-3 sm:grid-cols-4">
        <Gauge name={t.workers} value={health.readyWorkers} />
        <Gauge name={t.queued} value={health.queued} />
        <Gauge name={t.running} value={health.running} />
        <Gauge name={t.oldest} value={texts.time.seconds(health.oldestQueuedS)} />
        <Gauge name={t.mean} value={health.meanAnalysisS === null ? t.none : texts.time.seconds(health.meanAnalysisS)} note={t.meanIs} />
        <Gauge name={t.exits} value={health.earlyExitShare === null ? t.none : percent(health.earlyExitShare)} note={t.exitsIs(health.verdicts)} />
        <Gauge name={t.unsure} value={health.inconclusiveShare === null ? t.none : percent(health.inconclusiveShare)} note={t.unsureIs} />
        <Gauge name={t.version} value={health.version} />
      </dl>
    </>
  );
}

function Gauge({ name, value, note }: { name: string; value: ReactNode; note?: string }) {
  return (
    <div className="panel flex flex-col gap-1 p-4">
      <dt className="label">{name}</dt>
      <dd className="measure text-2xl font-semibold">{value}</dd>
      {note && <dd className="text-xs text-ink-3">{note}</dd>}
    </div>
  );
}
