import type { Figure } from "@/lib/figures";
import { figureName } from "@/lib/figures";
import { texts } from "@/texts";

const place = (value: number): string => `${(Math.min(Math.max(value, 0), 1) * 100).toFixed(1)}%`;

/** Areas under the curve on one axis from 0 to 1, each with its interval, against the line of chance. */
export function FigurePlot({ figures }: { figures: Figure[] }) {
  const t = texts.system;
  return (
    <div className="grid gap-1 text-sm">
      <dl className="grid gap-1">
      {figures.map((figure) => {
        const [low, high] = figure.interval ?? [figure.value, figure.value];
        return (
          <div key={figure.path.join(".")} className="grid grid-cols-[1fr_auto] gap-x-3 sm:grid-cols-[10rem_1fr_auto] sm:items-center">
            <dt className="text-ink-2">{figureName(figure.path)}</dt>
            <dd className="measure text-right sm:order-last sm:w-36">
              {figure.value.toFixed(2)}
              {figure.interval && (
                <span className="text-ink-3">
                  <span className="sr-only"> {t.interval}</span> {low.toFixed(2)}–{high.toFixed(2)}
                </span>
              )}
            </dd>
            <dd className="relative col-span-full h-6 sm:col-auto" aria-hidden="true">
              <span className="absolute inset-x-0 top-1/2 h-px bg-line" />
              <span className="absolute inset-y-0 left-1/2 w-px bg-line-strong" />
              <span className="absolute top-1/2 h-1.5 -translate-y-1/2 rounded-full bg-neutral-fill" style={{ left: place(low), width: `${Math.max(0, high - low) * 100}%` }} />
              <span className="absolute top-1/2 size-3 -translate-1/2 rounded-full border-2 border-surface bg-ink" style={{ left: place(figure.value) }} />
            </dd>
          </div>
        );
      })}
      </dl>
      <div className="hidden grid-cols-[10rem_1fr_9rem] gap-x-3 text-xs text-ink-3 sm:grid" aria-hidden="true">
        <span className="col-start-2 flex justify-between">
          <span>0</span>
          <span>{t.chance}</span>
          <span>1</span>
        </span>
      </div>
    </div>
  );
}
