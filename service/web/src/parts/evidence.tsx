import { useQuery } from "@tanstack/react-query";
import { type ReactNode, useState } from "react";
import { api } from "@/api";
import type { BranchReport, ClipFacts, EvidenceItem, Result } from "@/contract";
import { clock, percent } from "@/lib/format";
import { heatColour } from "@/parts/heatmap";
import { MediaImage } from "@/parts/media-image";
import { SyncCurve } from "@/parts/sync-curve";
import { texts } from "@/texts";

/** Pictures to judge with one's own eyes: heat map, voice, lip-sync curve, key frames. */
export function Evidence({ id, result, onSeek }: { id: string; result: Result; onSeek: (timeS: number) => void }) {
  const { data } = useQuery({ queryKey: ["evidence", id], queryFn: ({ signal }) => api.evidence(id, signal), staleTime: Infinity });
  const ofKind = (kind: string) => data?.items.find((item) => item.kind === kind);
  const frames = data?.items.filter((item) => item.kind === "key-frame") ?? [];
  const [heat, face, voice] = [ofKind("heatmap"), ofKind("heatmap-face"), ofKind("spectrogram")];
  const sync = result.branches.find((branch) => branch.name === "sync");
  if (!heat && !voice && !hasCurve(sync)) return null;
  return (
    <section aria-labelledby="evidence" className="grid gap-4">
      <h2 id="evidence" className="text-xl">
        {texts.evidence.title}
      </h2>
      <div className={`grid gap-3 ${heat ? "lg:grid-cols-[20rem_1fr]" : ""}`}>
        {heat && face && <HeatFigure heat={heat} face={face} onSeek={onSeek} />}
        <div className={`grid min-w-0 content-start gap-3 ${voice && hasCurve(sync) ? "md:grid-cols-[1.5fr_1fr]" : ""}`}>
          {voice && (
            <Figure title={voice.title} caption={texts.evidence.kinds.spectrogram}>
              <Picture item={voice} className="w-full rounded-[6px] bg-white" />
            </Figure>
          )}
          {hasCurve(sync) && (
            <Figure title={texts.evidence.sync} caption={texts.evidence.syncIs}>
              <SyncCurve curve={sync.details.curve} certain={sync.details.offset_certain === true} />
              <p className="text-center text-xs text-ink-3">{texts.evidence.syncShift}</p>
            </Figure>
          )}
          {frames.length > 0 && <KeyFrames frames={frames} clip={result.clip} onSeek={onSeek} />}
        </div>
      </div>
    </section>
  );
}

function hasCurve(branch: BranchReport | undefined): branch is BranchReport & { details: { curve: number[] } } {
  return Array.isArray(branch?.details.curve) && branch.details.curve.length > 2;
}

function Figure({ title, caption, children }: { title: string; caption?: string; children: ReactNode }) {
  return (
    <figure className="panel grid content-start gap-3 p-4">
      <h3 className="text-base">{title}</h3>
      {children}
      {caption && <figcaption className="text-sm text-ink-2">{caption}</figcaption>}
    </figure>
  );
}

function Picture({ item, className, alt = item.title }: { item: EvidenceItem; className: string; alt?: string }) {
  const missing = <p className="grid min-h-24 place-items-center bg-sunken text-sm text-ink-3">{texts.evidence.unavailable}</p>;
  return <MediaImage path={item.url} alt={alt} className={className} missing={missing} />;
}

const timeOf = (item: EvidenceItem): number => (typeof item.details.timeS === "number" ? item.details.timeS : 0);

/** The face as it is, with the heat map over it as strongly as one likes. */
function HeatFigure({ heat, face, onSeek }: { heat: EvidenceItem; face: EvidenceItem; onSeek: (timeS: number) => void }) {
  const [opacity, setOpacity] = useState(1);
  const t = texts.evidence;
  return (
    <Figure title={heat.title} caption={t.kinds.heatmap}>
      <div className="relative mx-auto w-full max-w-80">
        <Picture item={face} className="w-full rounded-[6px]" />
        <div className="absolute inset-0" style={{ opacity }}>
          <Picture item={heat} className="w-full rounded-[6px]" />
        </div>
      </div>
      <HeatKey />
      <label className="grid grid-cols-[auto_1fr] items-center gap-3 text-xs text-ink-3">
        {t.opacity}
        <input type="range" className="scrubber min-w-0" min={0} max={1} step={0.05} value={opacity} onChange={(event) => setOpacity(Number(event.target.value))} />
      </label>
      <button type="button" className="key justify-self-start" onClick={() => onSeek(timeOf(heat))}>
        {t.goTo(clock(timeOf(heat)))}
      </button>
    </Figure>
  );
}

/** What the colours over the face say. */
function HeatKey() {
  const colours = [0, 0.25, 0.5, 0.75, 1].map((p) => `rgb(${heatColour(p).join(" ")})`).join(", ");
  return (
    <p className="grid grid-cols-[auto_1fr_auto] items-center gap-2 text-xs text-ink-3">
      {texts.evidence.natural}
      <span className="h-2 rounded-full" style={{ background: `linear-gradient(to right, ${colours})` }} aria-hidden="true" />
      {texts.evidence.made}
    </p>
  );
}

interface FrameFace {
  track: number;
  probability: number | null;
}

const facesIn = (item: EvidenceItem): FrameFace[] => (Array.isArray(item.details.faces) ? (item.details.faces as FrameFace[]) : []);

function KeyFrames({ frames, clip, onSeek }: { frames: EvidenceItem[]; clip: ClipFacts; onSeek: (timeS: number) => void }) {
  return (
    <ul className="col-span-full grid grid-cols-2 gap-3 sm:grid-cols-4" aria-label={texts.evidence.frames}>
      {frames.map((item) => (
        <li key={item.name}>
          <button type="button" className="panel group grid w-full gap-1.5 overflow-hidden pb-2 text-left text-xs text-ink-2 hover:border-ink" onClick={() => onSeek(timeOf(item))}>
            <span className="block overflow-hidden bg-sunken" style={{ aspectRatio: `${clip.width} / ${clip.height}` }}>
              <Picture item={item} alt="" className="size-full object-cover" />
            </span>
            <span className="flex flex-wrap justify-between gap-x-3 px-2.5">
              <span className="measure" title={item.title}>
                <span className="sr-only">{texts.evidence.frame} </span>
                {clock(timeOf(item))}
              </span>
              {facesIn(item).map(({ track, probability }) => (
                <span key={track}>
                  {texts.player.face(track)} {probability !== null && <b className="measure font-semibold text-ink">{percent(probability)}</b>}
                </span>
              ))}
            </span>
          </button>
        </li>
      ))}
    </ul>
  );
}
