import * as m from "motion/react-m";
import { Glyph } from "@/parts/glyph";
import { percent } from "@/lib/format";
import { texts } from "@/texts";

interface Props {
  probability: number;
  /** The probabilities between which no verdict is given. */
  band: [number, number];
  /** Where nothing was judged the scale is drawn without a needle. */
  judged?: boolean;
}

const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** The whole range from authentic to deepfake, the band without a verdict, and where this clip stands. */
export function Scale({ probability, band: [low, high], judged = true }: Props) {
  const t = texts.result.scale;
  const name = `${judged ? `${t.reading(probability)}. ` : ""}${t.bandIs(low, high)}`;
  return (
    <div role="img" aria-label={name} className="select-none">
      <div className="mb-1.5 flex justify-between text-sm font-semibold">
        <span className="flex items-center gap-1.5 text-authentic">
          <Glyph tone="authentic" className="size-3" /> {t.authentic}
        </span>
        <span className="flex items-center gap-1.5 text-deepfake">
          {t.deepfake} <Glyph tone="deepfake" className="size-3" />
        </span>
      </div>
      <div className="relative h-9">
        <div className="absolute inset-x-0 top-2 flex h-5 overflow-hidden rounded-[5px]">
          <div className="bg-authentic-fill" style={{ width: percentOf(low) }} />
          <div className="hatched bg-inconclusive-soft text-inconclusive" style={{ width: percentOf(high - low) }} />
          <div className="bg-deepfake-fill" style={{ width: percentOf(1 - high) }} />
        </div>
        {judged && (
          <m.div
            className="absolute top-0 h-9 w-1.5 -translate-x-1/2 rounded-full border-2 border-surface bg-ink box-content"
            initial={{ left: "50%" }}
            animate={{ left: percentOf(probability) }}
            transition={{ type: "spring", stiffness: 60, damping: 15 }}
          />
        )}
      </div>
      <div className="relative mt-1 h-5 text-xs text-ink-3">
        {TICKS.map((tick) => (
          <span key={tick} className={`measure absolute whitespace-nowrap ${tick === 0 ? "" : tick === 1 ? "-translate-x-full" : "-translate-x-1/2"}`} style={{ left: percentOf(tick) }}>
            {percent(tick)}
          </span>
        ))}
      </div>
    </div>
  );
}

const percentOf = (share: number): string => `${(share * 100).toFixed(2)}%`;
