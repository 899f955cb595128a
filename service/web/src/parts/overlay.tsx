import type { Face, HeatmapGrid, Result } from "@/contract";
import { boxAt } from "@/lib/boxes";
import { percent } from "@/lib/format";
import { scoreColour } from "@/lib/score";
import { heatmapUrl } from "@/parts/heatmap";
import { texts } from "@/texts";

type Size = Pick<Result["clip"], "width" | "height">;

const share = (part: number, whole: number): string => `${((part / whole) * 100).toFixed(3)}%`;

/** The part of the picture's height above a face that its label needs; with less, the label stands inside the frame. */
const ROOM_ABOVE = 0.12;

/** A face's frame at one moment, in the colour of its score, with both written at it in letters of one size on every screen. */
export function FaceBox({ face, timeS, clip }: { face: Face; timeS: number; clip: Size }) {
  const box = boxAt(face, timeS);
  if (!box) return null;
  const [left, top, right, bottom] = box;
  const colour = face.probability === null ? "var(--neutral-fill)" : scoreColour(face.probability);
  const name = texts.player.face(face.track);
  return (
    <div
      data-face={face.track}
      className="absolute rounded-[3px] border-2 outline outline-black/55"
      style={{ left: share(left, clip.width), top: share(top, clip.height), width: share(right - left, clip.width), height: share(bottom - top, clip.height), borderColor: colour }}
    >
      <span className={`absolute -left-0.5 flex ${top / clip.height > ROOM_ABOVE ? "bottom-full mb-0.5" : "-top-0.5"} items-center gap-1.5 rounded-[3px] bg-black/80 px-1.5 py-0.5 text-xs leading-tight font-semibold whitespace-nowrap text-white`}>
        <span className="size-2 rounded-full" style={{ background: colour }} />
        {name}
        {face.probability !== null && <span className="measure">{percent(face.probability)}</span>}
      </span>
    </div>
  );
}

/** The heat map where its patches were cut. */
export function HeatOverlay({ heatmap, clip }: { heatmap: HeatmapGrid; clip: Size }) {
  const [left, top, right, bottom] = heatmap.box;
  const place = { left: share(left, clip.width), top: share(top, clip.height), width: share(right - left, clip.width), height: share(bottom - top, clip.height) };
  const url = heatmapUrl(heatmap.rows);
  return url && <img src={url} alt="" className="absolute opacity-60" style={place} />;
}
