/** Timelines of all checks, cut into equal moments. */

import type { BranchName, BranchReport, Result, Span } from "@/contract";
import { logOdds, sigmoid } from "@/lib/score";

/** One moment of a lane; `probability` is null where nothing was looked at. */
export interface Cell {
  startS: number;
  endS: number;
  probability: number | null;
}

export interface Lane {
  name: BranchName;
  cells: Cell[];
}

export const LANES: BranchName[] = ["gate", "visual", "temporal", "audio", "sync"];
const MOST_CELLS = 90;

/** Length of a moment: a second, half of that for clips of a few, coarser where a screen could not show them all. */
export function momentS(durationS: number): number {
  if (durationS <= 4) return 0.5;
  return Math.max(1, Math.ceil(durationS / MOST_CELLS));
}

function meanAt(spans: Span[], startS: number, endS: number): number | null {
  const here = spans.filter((span) => span.startS < endS && Math.max(span.endS, span.startS + 1e-3) > startS);
  if (here.length === 0) return null;
  return sigmoid(here.reduce((sum, span) => sum + logOdds(span.probability), 0) / here.length);
}

/** Cuts spans into moments, of which the last takes what is left over; where tracks differ, the most suspicious one counts, as it does in the verdict. */
export function cut(spans: Span[], durationS: number): Cell[] {
  const step = momentS(durationS);
  const tracks = [...new Set(spans.map((span) => span.track ?? null))];
  const count = Math.max(1, Math.round(durationS / step));
  return Array.from({ length: count }, (_, index) => {
    const [startS, endS] = [index * step, index === count - 1 ? durationS : (index + 1) * step];
    const found = tracks
      .map((track) => meanAt(spans.filter((span) => (span.track ?? null) === track), startS, endS))
      .filter((value) => value !== null);
    return { startS, endS, probability: found.length ? Math.max(...found) : null };
  });
}

const ofTrack = (branch: BranchReport | undefined, track: number | null): Span[] =>
  (branch?.timeline ?? []).filter((span) => track === null || span.track == null || span.track === track);

/** A lane for each check; of one face only, if one is chosen. */
export function lanesOf(result: Result, track: number | null): Lane[] {
  const byName = new Map(result.branches.map((branch) => [branch.name, branch]));
  return LANES.map((name) => ({ name, cells: cut(ofTrack(byName.get(name), track), result.clip.durationS) }));
}
