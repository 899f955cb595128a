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
        {figures.map((figure) => (
          <div key={figure.path.join(".")} className="grid grid-cols-[1fr_auto] gap-x-3 sm:grid-cols-[9.5rem_1fr_auto] sm:items-center">
            <dt className="text-ink-2">{figureName(figure.path)}</dt>
            <dd className="measure text-right whitespace-nowrap sm:order-last sm:w-34">
              {figure.value.toFixed(2)}
              {figure.interval && (
                <span className="text-ink-3">
                  <span className="sr-only"> {t.interval}</span> {figure.interval[0].toFixed(2)}–{figure.interval[1].toFixed(2)}
                </span>
              )}
            </dd>
            <dd className="col-span-full sm:col-auto" aria-hidden="true">
              <Mark figure={figure} />
            </dd>
          </div>
        ))}
      </dl>
      <Axis className="sm:mr-37 sm:ml-41" />
    </div>
  );
}

/** One figure on the axis, as a dot on its interval. */
export function Mark({ figure }: { figure: Figure }) {
  const [low, high] = figure.interval ?? [figure.value, figure.value];
  return (
    <span className="relative block h-6" aria-hidden="true">
      <span className="absolute inset-x-0 top-1/2 h-px bg-line" />
      <span className="absolute inset-y-0 left-1/2 w-px bg-line-strong" />
      <span className="absolute top-1/2 h-1.5 -translate-y-1/2 rounded-full bg-neutral-fill" style={{ left: place(low), width: `${Math.max(0, high - low) * 100}%` }} />
      <span className="absolute top-1/2 size-3 -translate-1/2 rounded-full border-2 border-surface bg-ink" style={{ left: place(figure.value) }} />
    </span>
  );
}

/** The ends of the axis and chance in its middle. */
export function Axis({ className }: { className: string }) {
  return (
    <span className={`flex justify-between text-xs text-ink-3 ${className}`} aria-hidden="true">
      <span>0</span>
      <span>{texts.system.chance}</span>
      <span>1</span>
    </span>
  );
}
