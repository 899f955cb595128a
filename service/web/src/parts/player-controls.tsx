import type { ReactNode } from "react";
import type { Playhead } from "@/hooks/use-playhead";
import { clock } from "@/lib/format";
import { BackIcon, MutedIcon, OnIcon, PauseIcon, PlayIcon, SoundIcon } from "@/parts/icons";
import { texts } from "@/texts";

const FRAME_S = 1 / 25;

/** What is drawn over the clip, switched on and off. */
export function Switch({ on, name, onChange }: { on: boolean; name: string; onChange: (on: boolean) => void }) {
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

/** Scrubber, play, single frames, sound; what else there is to switch comes as children. */
export function Controls({ durationS, hasAudio, playhead, children }: ControlsProps) {
  const t = texts.player;
  const { timeS, playing, seek, toggle, pause } = playhead;
  const step = (by: number) => {
    pause();
    seek(Math.min(durationS, Math.max(0, timeS + by)));
  };
  const square = "key size-10 !p-0";
  return (
    <div className="grid gap-2">
      <div className="flex items-center gap-4">
        <input type="range" className="scrubber" aria-label={t.scrub} aria-valuetext={clock(timeS)} min={0} max={durationS} step={FRAME_S} value={Math.min(timeS, durationS)} onChange={(event) => seek(Number(event.target.value))} />
        <span className="measure text-sm whitespace-nowrap text-ink-2">
          {clock(timeS)} / {clock(durationS)}
        </span>
      </div>
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
