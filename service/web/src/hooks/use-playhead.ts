import { useCallback, useEffect, useMemo, useRef, useState } from "react";

export interface Playhead {
  timeS: number;
  playing: boolean;
  muted: boolean;
  seek: (timeS: number) => void;
  toggle: () => void;
  pause: () => void;
  toggleSound: () => void;
  /** What the video element is given. */
  screen: Screen;
}

export interface Screen {
  ref: (element: HTMLVideoElement | null) => void;
  muted: boolean;
  onPlay: () => void;
  onPause: () => void;
  onTimeUpdate: () => void;
  onSeeked: () => void;
}

/** Where the clip stands, read off the player on every picture while it plays. */
export function usePlayhead(): Playhead {
  const video = useRef<HTMLVideoElement>(null);
  const [timeS, setTimeS] = useState(0);
  const [playing, setPlaying] = useState(false);
  const [muted, setMuted] = useState(false);

  const ref = useCallback((element: HTMLVideoElement | null) => {
    video.current = element;
  }, []);
  const read = useCallback(() => setTimeS(video.current?.currentTime ?? 0), []);
  const seek = useCallback((time: number) => {
    if (video.current) video.current.currentTime = time;
    setTimeS(time);
  }, []);
  const pause = useCallback(() => video.current?.pause(), []);
  const toggle = useCallback(() => {
    const player = video.current;
    if (player?.paused) void player.play().catch(() => undefined);
    else player?.pause();
  }, []);
  const toggleSound = useCallback(() => setMuted((was) => !was), []);

  useEffect(() => {
    if (!playing) return;
    let request = requestAnimationFrame(function look() {
      read();
      request = requestAnimationFrame(look);
    });
    return () => cancelAnimationFrame(request);
  }, [playing, read]);

  const screen = useMemo(
    () => ({ ref, muted, onPlay: () => setPlaying(true), onPause: () => setPlaying(false), onTimeUpdate: read, onSeeked: read }),
    [ref, muted, read],
  );
  return { timeS, playing, muted, seek, toggle, pause, toggleSound, screen };
}
