import { texts } from "@/texts";

const [WIDTH, HEIGHT, PAD] = [320, 150, 22];

/** How well lips and voice agree at each shift, as a line with its peak named. */
export function SyncCurve({ curve, certain }: { curve: number[]; certain: boolean }) {
  const reachFrames = (curve.length - 1) / 2;
  const [low, high] = [Math.min(...curve), Math.max(...curve)];
  const x = (frame: number) => PAD + ((frame + reachFrames) / (2 * reachFrames)) * (WIDTH - 2 * PAD);
  const y = (value: number) => HEIGHT - PAD - ((value - low) / Math.max(high - low, 1e-6)) * (HEIGHT - 2 * PAD);
  const peak = curve.indexOf(high) - reachFrames;
  const line = curve.map((value, index) => `${x(index - reachFrames).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
  const ticks = [-reachFrames, -Math.round(reachFrames / 2), 0, Math.round(reachFrames / 2), reachFrames];
  return (
    <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-label={texts.evidence.syncLabel(peak)} className="w-full text-ink">
      <line x1={x(0)} x2={x(0)} y1={8} y2={HEIGHT - PAD} stroke="var(--line-strong)" strokeDasharray="2 3" />
      <line x1={PAD} x2={WIDTH - PAD} y1={HEIGHT - PAD} y2={HEIGHT - PAD} stroke="var(--line)" />
      <polyline points={line} fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinejoin="round" />
      <circle cx={x(peak)} cy={y(high)} r="4" fill={certain ? "var(--ink)" : "var(--surface)"} stroke="var(--ink)" strokeWidth="1.75" />
      {ticks.map((tick) => (
        <text key={tick} x={x(tick)} y={HEIGHT - 6} textAnchor="middle" fontSize="10" fill="var(--ink-3)" className="measure">
          {tick > 0 ? `+${tick}` : tick < 0 ? `−${-tick}` : 0}
        </text>
      ))}
    </svg>
  );
}
