import { type CSSProperties, type KeyboardEvent, memo, useMemo, useRef, useState } from "react";
import type { BranchName, Result } from "@/contract";
import type { Playhead } from "@/hooks/use-playhead";
import { clock, percent } from "@/lib/format";
import { type Cell, type Lane, lanesOf } from "@/lib/lanes";
import { scoreColour } from "@/lib/score";
import { CheckIcon } from "@/parts/check-icon";
import { texts } from "@/texts";

interface Props {
  name: string;
  result: Result;
  playhead: Playhead;
  track: number | null;
  onTrack: (track: number | null) => void;
  /** Without its heading and words, where several stand side by side. */
  bare?: boolean;
}

const laneName = (name: BranchName): string => texts.checks[name].name;

/** All checks over the clip's length. A column leads to its moment, by click or by keyboard. */
export function Timeline({ name, result, playhead, track, onTrack, bare = false }: Props) {
  const t = texts.timeline;
  const lanes = useMemo(() => lanesOf(result, track), [result, track]);
  const share = Math.min(1, playhead.timeS / Math.max(result.clip.durationS, 1e-3));
  const choice = result.faces.length > 1 && <FaceChoice result={result} track={track} onTrack={onTrack} />;
  return (
    <section aria-label={`${t.title}: ${name}`} className={bare ? "grid content-start gap-3" : "panel grid gap-4 p-4 sm:p-6"}>
      {!bare && (
        <div className="flex flex-wrap items-start justify-between gap-3">
          <div>
            <h2 className="text-xl">{t.title}</h2>
            <p className="mt-1 max-w-prose text-sm text-ink-2">{t.lead}</p>
          </div>
          {choice}
        </div>
      )}
      <div style={{ "--playhead": `${share * 100}%` } as CSSProperties}>
        <Lanes lanes={lanes} onSeek={playhead.seek} />
      </div>
      <div className="flex justify-between text-xs text-ink-3 sm:ml-32">
        <span className="measure">{clock(0)}</span>
        <Key />
        <span className="measure">{clock(result.clip.durationS)}</span>
      </div>
      {bare && choice}
    </section>
  );
}

function Key() {
  return (
    <span className="flex flex-wrap items-center justify-center gap-x-4 gap-y-1">
      {[0, 0.5, 1].map((p) => (
        <span key={p} className="flex items-center gap-1.5">
          <span className="size-2.5 rounded-[2px]" style={{ background: scoreColour(p) }} /> {percent(p)}
        </span>
      ))}
      <span className="flex items-center gap-1.5">
        <span className="hatched size-2.5 rounded-[2px] border border-line" /> {texts.timeline.unseen}
      </span>
    </span>
  );
}

function FaceChoice({ result, track, onTrack }: Pick<Props, "result" | "track" | "onTrack">) {
  return (
    <label className="flex items-center gap-2 text-sm">
      {texts.timeline.face}
      <select className="field" value={track ?? ""} onChange={(event) => onTrack(event.target.value === "" ? null : Number(event.target.value))}>
        <option value="">{texts.timeline.faces}</option>
        {result.faces.map((face) => (
          <option key={face.track} value={face.track}>
            {texts.player.face(face.track)}
          </option>
        ))}
      </select>
    </label>
  );
}

/** The grid of moments: one tab stop, arrow keys inside. Kept from being drawn again as the clip plays. */
const Lanes = memo(function Lanes({ lanes, onSeek }: { lanes: Lane[]; onSeek: (timeS: number) => void }) {
  const [at, setAt] = useState<[number, number]>([0, 0]);
  const grid = useRef<HTMLDivElement>(null);
  const columns = lanes[0]?.cells.length ?? 0;
  const move = (event: KeyboardEvent) => {
    const [row, column] = at;
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      Home: [row, 0],
      End: [row, columns - 1],
    };
    const wanted = steps[event.key];
    if (!wanted) return;
    event.preventDefault();
    const next: [number, number] = [clamp(wanted[0], lanes.length), clamp(wanted[1], columns)];
    setAt(next);
    grid.current?.querySelector<HTMLElement>(`[data-cell="${next[0]}-${next[1]}"]`)?.focus();
  };
  return (
    <div ref={grid} role="grid" tabIndex={-1} aria-label={texts.timeline.grid} aria-rowcount={lanes.length} onKeyDown={move} className="grid gap-2">
      {lanes.map((lane, row) => (
        <div key={lane.name} role="row" className="grid items-center gap-x-3 gap-y-1 sm:grid-cols-[7.25rem_1fr]" data-lane={lane.name}>
          <div role="rowheader" className="flex items-center gap-2 text-sm font-medium">
            <CheckIcon name={lane.name} className="size-4.5 text-ink-2" />
            {laneName(lane.name)}
          </div>
          <div role="presentation" className="lane relative flex h-9 gap-px">
            {lane.cells.map((cell, column) => (
              <Moment key={column} lane={lane.name} cell={cell} place={`${row}-${column}`} current={at[0] === row && at[1] === column} onFocus={() => setAt([row, column])} onSeek={onSeek} />
            ))}
          </div>
        </div>
      ))}
    </div>
  );
});

const clamp = (value: number, count: number): number => Math.min(Math.max(value, 0), count - 1);

interface MomentProps {
  lane: BranchName;
  cell: Cell;
  place: string;
  current: boolean;
  onFocus: () => void;
  onSeek: (timeS: number) => void;
}

function Moment({ lane, cell, place, current, onFocus, onSeek }: MomentProps) {
  const { startS, endS, probability } = cell;
  const [from, to] = [clock(startS), clock(endS)];
  const t = texts.timeline;
  const name = probability === null ? `${laneName(lane)}, ${from} – ${to}: ${t.unseen}` : t.cell(laneName(lane), from, to, probability);
  return (
    <div role="gridcell" className="h-full min-w-0 basis-0" style={{ flexGrow: endS - startS }}>
      <button
        type="button"
        data-cell={place}
        tabIndex={current ? 0 : -1}
        aria-label={name}
        title={name}
        onFocus={onFocus}
        onClick={() => onSeek(startS)}
        className={`relative block size-full overflow-hidden rounded-[3px] hover:ring-1 hover:ring-ink focus-visible:z-10 ${probability === null ? "hatched text-line-strong" : "bg-sunken"}`}
      >
        {probability !== null && <span className="absolute inset-x-0 bottom-0 block" style={{ height: `${Math.max(6, probability * 100)}%`, background: scoreColour(probability) }} />}
      </button>
    </div>
  );
}
