import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { Link } from "wouter";
import { api } from "@/api";
import type { AnalysisStatus } from "@/contract";
import { statusKey, useAnalysis } from "@/hooks/use-analysis";
import { toneOf } from "@/lib/score";
import { CloseIcon } from "@/parts/icons";
import { adviceOn } from "@/parts/problem-note";
import { ProgressBar } from "@/parts/progress-bar";
import { VerdictChip } from "@/parts/verdict-chip";
import { texts } from "@/texts";
import { dismiss, retry, type Sending } from "@/uploads";

/** Every clip of this tab, from its first byte to its verdict. */
export function Queue({ items }: { items: Sending[] }) {
  return (
    <ul className="grid gap-2">
      {items.map((item) => (
        <li key={item.key} className="panel px-4 py-3">
          {item.phase === "sent" ? <SentRow item={item} /> : <SendingRow item={item} />}
        </li>
      ))}
    </ul>
  );
}

interface RowProps {
  name: ReactNode;
  state: ReactNode;
  actions: ReactNode;
  children?: ReactNode;
}

function Row({ name, state, actions, children }: RowProps) {
  return (
    <div className="grid gap-2">
      <div className="flex flex-wrap items-center gap-x-4 gap-y-1.5">
        <span className="min-w-0 grow basis-48 truncate font-semibold">{name}</span>
        <span className="text-sm text-ink-2">{state}</span>
        <span className="flex items-center gap-2">{actions}</span>
      </div>
      {children}
    </div>
  );
}

function Dismiss({ itemKey, label }: { itemKey: string; label: string }) {
  return (
    <button type="button" className="grid size-8 place-items-center rounded-lg hover:bg-sunken" aria-label={label} title={label} onClick={() => dismiss(itemKey)}>
      <CloseIcon className="size-4" />
    </button>
  );
}

function SendingRow({ item }: { item: Exclude<Sending, { phase: "sent" }> }) {
  const t = texts.upload;
  if (item.phase === "failed") {
    const again = (
      <>
        <button type="button" className="key" onClick={() => retry(item.key)}>
          {t.retry}
        </button>
        <Dismiss itemKey={item.key} label={`${t.dismiss}: ${item.name}`} />
      </>
    );
    return (
      <Row name={item.name} state={<VerdictChip tone="none" label={texts.states.error} />} actions={again}>
        <p role="alert" className="text-sm text-ink-2">
          {adviceOn(item.error)}
        </p>
      </Row>
    );
  }
  const share = item.phase === "sending" ? item.share : 0;
  const state = item.phase === "waiting" ? t.waiting : share < 1 ? t.sending(share) : t.received;
  return (
    <Row name={item.name} state={state} actions={<Dismiss itemKey={item.key} label={`${t.abort}: ${item.name}`} />}>
      <ProgressBar share={share} label={t.progress(item.name)} />
    </Row>
  );
}

function SentRow({ item }: { item: Extract<Sending, { phase: "sent" }> }) {
  const { data, error } = useAnalysis(item.id, false);
  const link = (
    <Link href={`/clip/${item.id}`} className="underline decoration-line-strong underline-offset-4 hover:decoration-ink">
      {item.name}
    </Link>
  );
  const close = <Dismiss itemKey={item.key} label={`${texts.upload.dismiss}: ${item.name}`} />;
  if (error) return <Row name={item.name} state={adviceOn(error)} actions={close} />;
  if (data?.status !== "processing") {
    return (
      <Row name={link} state={data && <Outcome status={data} />} actions={close}>
        {data?.error && <p className="text-sm text-ink-2">{adviceOn(data.error)}</p>}
      </Row>
    );
  }
  return (
    <Row name={link} state={texts.pipeline.stages[data.stageName] ?? data.stageName} actions={<CancelButton id={item.id} name={item.name} />}>
      <ProgressBar share={data.percent / 100} label={texts.pipeline.progress(item.name)} />
    </Row>
  );
}

function Outcome({ status }: { status: AnalysisStatus }) {
  if (status.result) return <VerdictChip tone={toneOf(status.result)} />;
  return <VerdictChip tone="none" label={texts.states[status.status]} />;
}

export function CancelButton({ id, name }: { id: string; name: string }) {
  const client = useQueryClient();
  const cancel = useMutation({
    mutationFn: () => api.cancelOrErase(id),
    onSettled: () => client.invalidateQueries({ queryKey: statusKey(id) }),
  });
  return (
    <button type="button" className="key" disabled={cancel.isPending || cancel.isSuccess} aria-label={`${texts.pipeline.cancel}: ${name}`} onClick={() => cancel.mutate()}>
      {cancel.isPending || cancel.isSuccess ? texts.pipeline.cancelling : texts.pipeline.cancel}
    </button>
  );
}
