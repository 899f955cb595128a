import { type ReactNode, useState } from "react";
import { paths } from "@/api";
import type { Face, Result } from "@/contract";
import { useMedia } from "@/hooks/use-media";
import type { Playhead } from "@/hooks/use-playhead";
import { clock } from "@/lib/format";
import { FaceBox, HeatOverlay } from "@/parts/overlay";
import { Controls, Switch } from "@/parts/player-controls";
import { texts } from "@/texts";

const HEAT_FOR_S = 0.12;

interface Props {
  id: string;
  name: string;
  result: Result;
  /** Every face, with its boxes over time. */
  faces: Face[];
  playhead: Playhead;
  track: number | null;
}

/** The clip with its findings drawn over it. */
export function Player({ id, name, result, faces, playhead, track }: Props) {
  const [boxes, setBoxes] = useState(true);
  const [heat, setHeat] = useState(false);
  const heatmap = result.branches.find((branch) => branch.heatmap)?.heatmap ?? null;
  const t = texts.player;
  const showHeat = (on: boolean) => {
    setHeat(on);
    if (on && heatmap) playhead.seek(heatmap.timeS);
  };
  return (
    <section aria-label={`${t.title}: ${name}`} className="grid content-start gap-3">
      <Screen id={id} result={result} playhead={playhead}>
        <div className="pointer-events-none absolute inset-0" aria-hidden="true">
          {heat && heatmap && Math.abs(playhead.timeS - heatmap.timeS) < HEAT_FOR_S && <HeatOverlay heatmap={heatmap} clip={result.clip} />}
          {boxes && faces.filter((face) => track === null || face.track === track).map((face) => <FaceBox key={face.track} face={face} timeS={playhead.timeS} clip={result.clip} />)}
        </div>
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
