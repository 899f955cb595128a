import { useInfiniteQuery } from "@tanstack/react-query";
import { useDeferredValue, useState } from "react";
import { Link } from "wouter";
import { api, type HistoryFilter } from "@/api";
import { useTitle } from "@/hooks/use-title";
import { HistoryRow } from "@/parts/history-row";
import { Loading } from "@/parts/loading";
import { ProblemNote } from "@/parts/problem-note";
import { texts } from "@/texts";

type Kind = keyof typeof texts.history.filters;

const OF_KIND: Record<Kind, HistoryFilter> = {
  all: {},
  deepfake: { verdict: "Deepfake", inconclusive: "false" },
  authentic: { verdict: "Authentic", inconclusive: "false" },
  inconclusive: { inconclusive: "true" },
  processing: { status: "processing" },
  error: { status: "error" },
};
const KINDS = Object.keys(OF_KIND) as Kind[];
const LIVE_MS = 2_000;
const PAGE = 24;
const PAIR = 2;

interface Choice {
  kind: Kind;
  q: string;
  since: string;
  until: string;
}
const EVERYTHING: Choice = { kind: "all", q: "", since: "", until: "" };

/** Days as the reader's clock has them, turned into moments. */
function toFilter({ kind, q, since, until }: Choice): HistoryFilter {
  const from = since ? new Date(`${since}T00:00:00`).toISOString() : "";
  const to = until ? new Date(`${until}T23:59:59.999`).toISOString() : "";
  return { ...OF_KIND[kind], q: q.trim(), since: from, until: to };
}

/** Everything that was examined, to be found again, compared, repeated or erased. */
export function HistoryPage() {
  useTitle(texts.history.title);
  const [choice, setChoice] = useState<Choice>(EVERYTHING);
  const [pair, setPair] = useState<string[]>([]);
  const filter = toFilter(useDeferredValue(choice));
  const t = texts.history;
  const { data, error, isPending, hasNextPage, fetchNextPage, isFetchingNextPage, refetch } = useInfiniteQuery({
    queryKey: ["history", "list", filter],
    queryFn: ({ pageParam, signal }) => api.history(filter, pageParam, PAGE, signal),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.nextCursor,
    refetchInterval: ({ state }) => (state.data?.pages.some((page) => page.items.some((item) => item.status === "processing")) ? LIVE_MS : false),
  });
  const items = data?.pages.flatMap((page) => page.items) ?? [];
  const toggle = (id: string) => setPair((held) => (held.includes(id) ? held.filter((other) => other !== id) : [...held, id].slice(-PAIR)));
  return (
    <div className="grid gap-6">
      <header>
        <h1 className="text-3xl">{t.title}</h1>
        <p className="mt-2 text-ink-2">{t.lead}</p>
      </header>
      <Filters choice={choice} onChange={setChoice} />
      {error && <ProblemNote error={error} onRetry={() => void refetch()} />}
      {isPending && <Loading />}
      {data && items.length === 0 && <Nothing filtered={choice !== EVERYTHING} onReset={() => setChoice(EVERYTHING)} />}
      {items.length > 0 && (
        <>
          <CompareBar pair={pair} onClear={() => setPair([])} />
          <ul className="grid gap-2" aria-label={t.list}>
            {items.map((item) => (
              <li key={item.analysisId} className="panel p-3">
                <HistoryRow item={item} chosen={pair.includes(item.analysisId)} onChoose={() => toggle(item.analysisId)} onErased={() => setPair((held) => held.filter((id) => id !== item.analysisId))} />
              </li>
            ))}
          </ul>
        </>
      )}
      {hasNextPage && (
        <button type="button" className="key justify-self-center" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t.more}
        </button>
      )}
    </div>
  );
}

function Filters({ choice, onChange }: { choice: Choice; onChange: (choice: Choice) => void }) {
  const t = texts.history;
  return (
    <div role="search" aria-label={t.title} className="grid gap-3">
      <div role="group" aria-label={t.filter} className="flex flex-wrap gap-2">
        {KINDS.map((kind) => (
          <button key={kind} type="button" className="key" aria-pressed={choice.kind === kind} onClick={() => onChange({ ...choice, kind })}>
            {t.filters[kind]}
          </button>
        ))}
      </div>
      <div className="flex flex-wrap items-end gap-3">
        <label className="label grid grow basis-64 gap-1">
          {t.search}
          <input type="search" className="field w-full" value={choice.q} onChange={(event) => onChange({ ...choice, q: event.target.value })} />
        </label>
        <label className="label grid gap-1">
          {t.since}
          <input type="date" className="field" value={choice.since} onChange={(event) => onChange({ ...choice, since: event.target.value })} />
        </label>
        <label className="label grid gap-1">
          {t.until}
          <input type="date" className="field" value={choice.until} onChange={(event) => onChange({ ...choice, until: event.target.value })} />
        </label>
      </div>
    </div>
  );
}

function Nothing({ filtered, onReset }: { filtered: boolean; onReset: () => void }) {
  const t = texts.history;
  return (
    <div className="panel grid justify-items-center gap-4 px-6 py-16 text-center">
      <p className="text-lg text-ink-2">{filtered ? t.emptyFiltered : t.empty}</p>
      {filtered ? (
        <button type="button" className="key" onClick={onReset}>
          {t.reset}
        </button>
      ) : (
        <Link href="/" className="key key-strong">
          {texts.nav.analyse}
        </Link>
      )}
    </div>
  );
}

function CompareBar({ pair, onClear }: { pair: string[]; onClear: () => void }) {
  const t = texts.history;
  const [a, b] = pair;
  return (
    <div className="flex min-h-10 flex-wrap items-center gap-3 text-sm text-ink-2">
      <span role="status">{pair.length === 0 ? t.compareHint : pair.length === 1 ? t.compareOne : ""}</span>
      {a && b && (
        <Link href={`/compare?a=${a}&b=${b}`} className="key key-strong">
          {t.compare}
        </Link>
      )}
      {a && (
        <button type="button" className="key" onClick={onClear}>
          {t.clearChoice}
        </button>
      )}
    </div>
  );
}
