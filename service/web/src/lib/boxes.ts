/** Where a face is between the frames that were sampled. */

import type { Box, Face, FacePaths } from "@/contract";

/** Across a longer silence nobody knows where the face was, so nothing is drawn. */
export const LONGEST_GAP_S = 1.6;
export const OVERHANG_S = 0.25;

const mix = (from: number, to: number, share: number): number => from + (to - from) * share;

/** The face's box at a time in seconds, or null while it is not seen. */
export function boxAt(face: Face, timeS: number): Box | null {
  const after = face.timesS.findIndex((time) => time >= timeS);
  const last = face.timesS.length - 1;
  if (last < 0) return null;
  if (after <= 0) {
    const edge = after === 0 ? 0 : last;
    const near = Math.abs((face.timesS[edge] ?? Infinity) - timeS) <= OVERHANG_S;
    return near ? (face.boxes[edge] ?? null) : null;
  }
  const [t0, t1] = [face.timesS[after - 1] ?? 0, face.timesS[after] ?? 0];
  const [a, b] = [face.boxes[after - 1], face.boxes[after]];
  if (!a || !b) return null;
  if (t1 - t0 > LONGEST_GAP_S) return timeS - t0 <= OVERHANG_S ? a : t1 - timeS <= OVERHANG_S ? b : null;
  const share = t1 === t0 ? 1 : (timeS - t0) / (t1 - t0);
  return [mix(a[0], b[0], share), mix(a[1], b[1], share), mix(a[2], b[2], share), mix(a[3], b[3], share)];
}

/** The faces with the whole of their paths, where those were kept, instead of the sampled boxes. */
export function withPaths(faces: Face[], paths: FacePaths | undefined): Face[] {
  const byTrack = new Map(paths?.tracks.map((track) => [track.track, track.paths]));
  return faces.map((face) => {
    const found = byTrack.get(face.track);
    if (!found?.length) return face;
    return { ...face, timesS: found.flatMap((path) => path.timesS), boxes: found.flatMap((path) => path.boxes) };
  });
}
