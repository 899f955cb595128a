import { useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { Link, useLocation } from "wouter";
import { api } from "@/api";
import type { BranchName } from "@/contract";
import { useTitle } from "@/hooks/use-title";
import { CheckIcon } from "@/parts/check-icon";
import { ClipCard } from "@/parts/clip-card";
import { DropZone } from "@/parts/drop-zone";
import { Queue } from "@/parts/queue";
import { texts } from "@/texts";
import { send, useUploads } from "@/uploads";

const RECENT = 4;

/** Where clips come in. A single clip leads straight to its examination; several are followed here. */
export function AnalysePage() {
  useTitle(texts.nav.analyse);
  const uploads = useUploads();
  const take = useSingleClip();
  const list = useListInView(uploads.length);
  const t = texts.analyse;
  return (
    <div className="grid gap-12">
      <section className="grid gap-x-12 gap-y-8 lg:grid-cols-[5fr_7fr] lg:grid-rows-[auto_1fr]">
        <div className="grid content-start gap-5">
          <h1 className="text-3xl sm:text-4xl xl:text-5xl">{t.title}</h1>
          <p className="max-w-prose text-lg text-ink-2">{t.lead}</p>
        </div>
        <div className="grid lg:col-start-2 lg:row-span-2 lg:row-start-1">
          <DropZone onFiles={take} />
        </div>
        <Checks />
      </section>
      {uploads.length > 0 && (
        <section ref={list} aria-labelledby="queue" className="grid scroll-mb-6 gap-3">
          <h2 id="queue" className="text-xl">
            {t.queue}
          </h2>
          <Queue items={uploads} />
        </section>
      )}
      <Recent />
    </div>
  );
}

/** Sends files; if it was one alone, opens its examination once the service has accepted it. */
function useSingleClip() {
  const [, navigate] = useLocation();
  const uploads = useUploads();
  const [awaited, setAwaited] = useState<string | null>(null);
  const accepted = uploads.find((item) => item.key === awaited);
  const id = accepted?.phase === "sent" ? accepted.id : null;
  useEffect(() => {
    if (id) navigate(`/clip/${id}`);
  }, [id, navigate]);
  return (files: File[]) => {
    const [first, ...others] = send(files);
    setAwaited(first !== undefined && others.length === 0 ? first : null);
  };
}

/** Shows the list of clips whenever one is added to it, since it may lie below the window's edge. */
function useListInView(count: number) {
  const list = useRef<HTMLElement>(null);
  const shown = useRef(count);
  useEffect(() => {
    if (count > shown.current) list.current?.scrollIntoView({ block: "nearest" });
    shown.current = count;
  }, [count]);
  return list;
}

function Checks() {
  const all = Object.entries(texts.checks) as [BranchName, { name: string; what: string }][];
  return (
    <div>
      <h2 className="label">{texts.analyse.five}</h2>
      <ul className="mt-2 grid">
        {all.map(([name, check]) => (
          <li key={name} className="flex gap-3.5 border-t border-line py-2.5 first:border-t-0">
            <CheckIcon name={name} className="mt-0.5 size-6 text-ink-2" />
            <span className="grid sm:block">
              <b className="font-semibold">{check.name}</b> <span className="text-ink-2 sm:before:content-['—_']">{check.what}</span>
            </span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Recent() {
  const { data } = useQuery({ queryKey: ["history", "recent"], queryFn: ({ signal }) => api.history({}, null, RECENT, signal) });
  if (!data?.items.length) return null;
  return (
    <section aria-labelledby="recent" className="grid gap-4">
      <div className="flex items-baseline justify-between gap-4">
        <h2 id="recent" className="text-xl">
          {texts.analyse.recent}
        </h2>
        <Link href="/history" className="text-sm underline underline-offset-4">
          {texts.analyse.all}
        </Link>
      </div>
      <ul className="grid gap-4 sm:grid-cols-2 lg:grid-cols-4">
        {data.items.map((item) => (
          <li key={item.analysisId}>
            <ClipCard item={item} />
          </li>
        ))}
      </ul>
    </section>
  );
}
