import { Glyph } from "@/parts/glyph";
import type { Tone } from "@/lib/score";
import { texts } from "@/texts";

const LOOK: Record<Tone, string> = {
  authentic: "bg-authentic-soft text-authentic",
  deepfake: "bg-deepfake-soft text-deepfake",
  inconclusive: "bg-inconclusive-soft text-inconclusive",
  none: "bg-sunken text-ink-2",
};

export const TONE_NAME: Record<Tone, string> = {
  authentic: texts.verdicts.Authentic,
  deepfake: texts.verdicts.Deepfake,
  inconclusive: texts.verdicts.inconclusive,
  none: texts.verdicts.none,
};

/** A verdict or a state in a few letters. */
export function VerdictChip({ tone, label = TONE_NAME[tone] }: { tone: Tone; label?: string }) {
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-semibold whitespace-nowrap ${LOOK[tone]}`}>
      <Glyph tone={tone} className="size-3" />
      {label}
    </span>
  );
}
