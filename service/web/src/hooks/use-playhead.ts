import { type RefObject, useCallback, useEffect, useRef, useState } from "react";

export interface Playhead {
  video: RefObject<HTMLVideoElement | null>;
  timeS: number;
  playing: boolean;
  seek: (timeS: number) => void;
  toggle: () => void;
  /** Handlers for the video element. */
  on: { onPlay: () => void; onPause: () => void; onTimeUpdate: () => void; onSeeked: () => void };
}

/** Where the clip stands, read off the player on every picture while it plays. */
export function usePlayhead(): Playhead {
  const video = useRef<HTMLVideoElement>(null);
  const [timeS, setTimeS] = useState(0);
  const [playing, setPlaying] = useState(false);

  const read = useCallback(() => setTimeS(video.current?.currentTime ?? 0), []);
  const seek = useCallback((time: number) => {
    if (video.current) video.current.currentTime = time;
    setTimeS(time);
  }, []);
  const toggle = useCallback(() => {
    const player = video.current;
    if (player?.paused) void player.play().catch(() => undefined);
    else player?.pause();
  }, []);

  useEffect(() => {
    if (!playing) return;
    let request = requestAnimationFrame(function look() {
      read();
      request = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(request);
  }, [playing, read]);

  const on = { onPlay: () => setPlaying(true), onPause: () => setPlaying(false), onTimeUpdate: read, onSeeked: read };
  return { video, timeS, playing, seek, toggle, on };
}
