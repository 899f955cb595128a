import type { Face, HeatmapGrid } from "@/contract";
import { boxAt } from "@/lib/boxes";
import { percent } from "@/lib/format";
import { scoreColour } from "@/lib/score";
import { heatmapUrl } from "@/parts/heatmap";
import { texts } from "@/texts";

/** A face's frame at one moment, in the colour of its score, with both written beside it. In the clip's own pixels. */
export function FaceBox({ face, timeS, width }: { face: Face; timeS: number; width: number }) {
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

/** The heat map where its patches were cut. */
export function HeatOverlay({ heatmap }: { heatmap: HeatmapGrid }) {
  const [left, top, right, bottom] = heatmap.box;
  return <image href={heatmapUrl(heatmap.rows)} x={left} y={top} width={right - left} height={bottom - top} preserveAspectRatio="none" opacity="0.72" />;
}
