import { type ReactNode, useState } from "react";
import { paths } from "@/api";
import type { Face, HeatmapGrid, Result } from "@/contract";
import { useMedia } from "@/hooks/use-media";
import type { Playhead } from "@/hooks/use-playhead";
import { boxAt } from "@/lib/boxes";
import { clock, percent } from "@/lib/format";
import { scoreColour } from "@/lib/score";
import { BackIcon, MutedIcon, OnIcon, PauseIcon, PlayIcon, SoundIcon } from "@/parts/icons";
import { heatmapUrl } from "@/parts/heatmap";
import { texts } from "@/texts";

const FRAME_S = 1 / 25;
const HEAT_FOR_S = 0.12;

interface Props {
  id: string;
  result: Result;
  /** Every face, with its boxes over time. */
  faces: Face[];
  playhead: Playhead;
  track: number | null;
}

/** The clip with its findings drawn over it. */
export function Player({ id, result, faces, playhead, track }: Props) {
  const [boxes, setBoxes] = useState(true);
  const [heat, setHeat] = useState(false);
  const heatmap = result.branches.find((branch) => branch.heatmap)?.heatmap ?? null;
  const t = texts.player;
  const showHeat = (on: boolean) => {
    setHeat(on);
    if (on && heatmap) playhead.seek(heatmap.timeS);
  };
  return (
    <section aria-label={t.title} className="grid content-start gap-3">
      <Screen id={id} result={result} playhead={playhead}>
        <svg viewBox={`0 0 ${result.clip.width} ${result.clip.height}`} className="pointer-events-none absolute inset-0 size-full" aria-hidden="true">
          {heat && heatmap && Math.abs(playhead.timeS - heatmap.timeS) < HEAT_FOR_S && <HeatOverlay heatmap={heatmap} />}
          {boxes && faces.filter((face) => track === null || face.track === track).map((face) => <FaceBox key={face.track} face={face} timeS={playhead.timeS} width={result.clip.width} />)}
        </svg>
      </Screen>
      <Controls durationS={result.clip.durationS} hasAudio={result.clip.hasAudio} playhead={playhead}>
        {faces.length > 0 && <Switch on={boxes} name={t.boxes} onChange={setBoxes} />}
        {heatmap && <Switch on={heat} name={t.heat} onChange={showHeat} />}
      </Controls>
      {heat && heatmap && <p className="text-xs text-ink-3">{t.heatAt(clock(heatmap.timeS))}</p>}
    </section>
  );
}

interface ScreenProps {
  id: string;
  result: Result;
  playhead: Playhead;
  children: ReactNode;
}

/** Plays the clip as it was sent; if the browser cannot, the copy that every browser can play. */
function Screen({ id, result, playhead, children }: ScreenProps) {
  const [attempt, setAttempt] = useState<"original" | "playable" | "none">("original");
  const { url, failed } = useMedia(attempt === "none" ? null : paths.media(id, attempt === "playable"));
  const { clip } = result;
  const t = texts.player;
  const unplayable = attempt === "none" || failed;
  return (
    <div className="relative mx-auto w-full overflow-hidden rounded-[10px] bg-black" style={{ aspectRatio: `${clip.width} / ${clip.height}`, maxWidth: `calc(70dvh * ${clip.width / clip.height})` }}>
      {unplayable ? (
        <p className="absolute inset-0 grid place-items-center bg-sunken p-6 text-center text-sm text-ink-2">{failed ? t.gone : t.unplayable}</p>
      ) : (
        <>
          <video
            src={url}
            playsInline
            preload="auto"
            aria-label={t.title}
            className="absolute inset-0 size-full object-contain"
            onClick={playhead.toggle}
            onError={() => setAttempt(attempt === "original" ? "playable" : "none")}
            {...playhead.screen}
          />
          {children}
        </>
      )}
    </div>
  );
}

function FaceBox({ face, timeS, width }: { face: Face; timeS: number; width: number }) {
  const box = boxAt(face, timeS);
  if (!box) return null;
  const [left, top, right, bottom] = box;
  const colour = face.probability === null ? "var(--neutral-fill)" : scoreColour(face.probability);
  const unit = width / 100;
  const [fontSize, pad] = [Math.max(2.6 * unit, 8), 0.8 * unit];
  const label = `${texts.player.face(face.track)}${face.probability === null ? "" : ` · ${percent(face.probability)}`}`;
  const labelTop = top > fontSize + 2 * pad ? top - fontSize - 2 * pad : top;
  return (
    <g data-face={face.track}>
      <rect x={left} y={top} width={right - left} height={bottom - top} fill="none" stroke="black" strokeOpacity="0.55" strokeWidth={1.1 * unit} />
      <rect x={left} y={top} width={right - left} height={bottom - top} fill="none" style={{ stroke: colour }} strokeWidth={0.6 * unit} />
      <rect x={left - 0.3 * unit} y={labelTop} width={label.length * fontSize * 0.53 + 2 * pad} height={fontSize + 2 * pad} fill="black" fillOpacity="0.78" />
      <text x={left - 0.3 * unit + pad} y={labelTop + fontSize + 0.4 * pad} fontSize={fontSize} fontWeight="600" fill="white">
        {label}
      </text>
    </g>
  );
}

function HeatOverlay({ heatmap }: { heatmap: HeatmapGrid }) {
  const [left, top, right, bottom] = heatmap.box;
  return <image href={heatmapUrl(heatmap.rows)} x={left} y={top} width={right - left} height={bottom - top} preserveAspectRatio="none" opacity="0.72" />;
}

function Switch({ on, name, onChange }: { on: boolean; name: string; onChange: (on: boolean) => void }) {
  return (
    <button type="button" className="key" aria-pressed={on} onClick={() => onChange(!on)}>
      {name}
    </button>
  );
}

interface ControlsProps {
  durationS: number;
  hasAudio: boolean;
  playhead: Playhead;
  children: ReactNode;
}

function Controls({ durationS, hasAudio, playhead, children }: ControlsProps) {
  const t = texts.player;
  const { timeS, playing, seek, toggle, pause } = playhead;
  const step = (by: number) => {
    pause();
    seek(Math.min(durationS, Math.max(0, timeS + by)));
  };
  const square = "key size-10 !p-0";
  return (
    <div className="grid gap-2">
      <input type="range" className="scrubber" aria-label={t.scrub} aria-valuetext={clock(timeS)} min={0} max={durationS} step={FRAME_S} value={Math.min(timeS, durationS)} onChange={(event) => seek(Number(event.target.value))} />
      <div className="flex flex-wrap items-center gap-2">
        <button type="button" className={`${square} key-strong`} aria-label={playing ? t.pause : t.play} onClick={toggle}>
          {playing ? <PauseIcon /> : <PlayIcon />}
        </button>
        <button type="button" className={square} aria-label={t.back} onClick={() => step(-FRAME_S)}>
          <BackIcon />
        </button>
        <button type="button" className={square} aria-label={t.on} onClick={() => step(FRAME_S)}>
          <OnIcon />
        </button>
        {hasAudio && <MuteButton playhead={playhead} className={square} />}
        <span className="measure px-1 text-sm text-ink-2">
          {clock(timeS)} / {clock(durationS)}
        </span>
        <span className="ml-auto flex flex-wrap gap-2">{children}</span>
      </div>
    </div>
  );
}

function MuteButton({ playhead, className }: { playhead: Playhead; className: string }) {
  const { muted, toggleSound } = playhead;
  return (
    <button type="button" className={className} aria-label={muted ? texts.player.unmute : texts.player.mute} onClick={toggleSound}>
      {muted ? <MutedIcon /> : <SoundIcon />}
    </button>
  );
}
