import * as m from "motion/react-m";
import { useState } from "react";
import type { Result } from "@/contract";
import { percent, signed } from "@/lib/format";
import { bandOf, logOdds, sigmoid, wasJudged } from "@/lib/score";
import { type Bar, bars, INTERCEPT, reach } from "@/lib/waterfall";
import { texts } from "@/texts";

const TICK_PROBABILITIES = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9, 0.99];

/** The exact additive parts of the verdict in log-odds, from the starting point to the result. */
export function Waterfall({ result }: { result: Result }) {
  const [by, setBy] = useState<"check" | "measure">("check");
  const t = texts.waterfall;
  const all = bars(result.contributions, by);
  const limit = reach(all);
  const sum = all.at(-1)?.to ?? 0;
  return (
    <section aria-labelledby="waterfall" className="panel grid content-start gap-4 p-4 sm:p-6">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="max-w-prose">
          <h2 id="waterfall" className="text-xl">
            {t.title}
          </h2>
          <p className="mt-1 text-sm text-ink-2">{t.lead}</p>
        </div>
        <div role="group" aria-label={t.by} className="joined">
          <button type="button" className="key" aria-pressed={by === "check"} onClick={() => setBy("check")}>
            {t.byCheck}
          </button>
          <button type="button" className="key" aria-pressed={by === "measure"} onClick={() => setBy("measure")}>
            {t.byMeasure}
          </button>
        </div>
      </div>
      {wasJudged(result) ? (
        <table className="w-full border-separate border-spacing-0 text-sm">
          <thead>
            <tr className="text-left text-xs text-ink-3">
              <th scope="col" className="w-24 pb-1 font-medium sm:w-44">
                {t.part}
              </th>
              <td className="pb-1">
                <Axis limit={limit} />
              </td>
              <th scope="col" className="w-14 pb-1 text-right font-medium sm:w-16">
                {t.logOdds}
              </th>
            </tr>
          </thead>
          <tbody>
            {all.map((bar, index) => (
              <Row key={bar.key} bar={bar} limit={limit} index={index} measured={by === "measure" ? result.features[bar.key] : undefined} />
            ))}
          </tbody>
          <tfoot>
            <tr className="font-semibold">
              <th scope="row" className="border-t border-line-strong py-2.5 text-left">
                {t.sum}
              </th>
              <td className="relative h-12 border-t border-line-strong p-0">
                <Sum value={sum} limit={limit} band={bandOf(result)} />
              </td>
              <td className="measure border-t border-line-strong text-right" title={t.ofLogOdds(signed(sum), sigmoid(sum))}>
                {signed(sum)}
              </td>
            </tr>
          </tfoot>
        </table>
      ) : (
        <p className="text-ink-2">{t.none}</p>
      )}
    </section>
  );
}

const place = (value: number, limit: number): string => `${(((value + limit) / (2 * limit)) * 100).toFixed(2)}%`;

function Axis({ limit }: { limit: number }) {
  return (
    <div className="relative h-4" aria-hidden="true">
      {TICK_PROBABILITIES.filter((p) => Math.abs(logOdds(p)) <= limit * 0.94).map((p) => (
        <span key={p} className={`measure absolute -translate-x-1/2 ${p === 0.5 ? "" : "hidden sm:inline"}`} style={{ left: place(logOdds(p), limit) }}>
          {percent(p)}
        </span>
      ))}
    </div>
  );
}

function Row({ bar, limit, index, measured }: { bar: Bar; limit: number; index: number; measured?: number | null }) {
  const t = texts.waterfall;
  const start = bar.key === INTERCEPT;
  const name = start ? t.start : ((t.check as Record<string, string>)[bar.key] ?? texts.features[bar.key] ?? bar.key);
  const [low, high] = [Math.min(bar.from, bar.to), Math.max(bar.from, bar.to)];
  const colour = start ? "bg-neutral-fill" : bar.value > 0 ? "bg-deepfake-fill" : "bg-authentic-fill";
  return (
    <tr data-part={bar.key}>
      <th scope="row" className="border-t border-line py-2 pr-2 text-left font-medium">
        {name}
        {start && <span className="block text-xs font-normal text-ink-3">{t.startIs}</span>}
        {measured != null && <span className="measure block text-xs font-normal text-ink-3">{measured <= 1 ? percent(measured) : measured.toLocaleString(texts.time.locale)}</span>}
      </th>
      <td className="relative h-11 border-t border-line p-0">
        <div aria-hidden="true">
          <Middle />
          {!start && <Step from={bar.from} limit={limit} part="in" />}
          <Step from={bar.to} limit={limit} part="out" />
          <m.span
            className={`absolute top-[calc(50%-0.625rem)] h-5 rounded-[3px] ${colour}`}
            style={{ left: place(low, limit), minWidth: "2px", transformOrigin: bar.value >= 0 ? "left" : "right", width: `${((high - low) / (2 * limit)) * 100}%` }}
            initial={{ scaleX: 0 }}
            animate={{ scaleX: 1 }}
            transition={{ duration: 0.3, delay: index * 0.05, ease: "easeOut" }}
          />
        </div>
      </td>
      <td className="measure border-t border-line text-right">{signed(bar.value)}</td>
    </tr>
  );
}

const Middle = () => <span className="absolute inset-y-0 left-1/2 w-px bg-line" />;

/** The thread from one bar's end to the next bar's start. */
function Step({ from, limit, part }: { from: number; limit: number; part: "in" | "out" }) {
  const where = part === "in" ? "top-0 bottom-[calc(50%+0.625rem)]" : "top-[calc(50%+0.625rem)] -bottom-px";
  return <span className={`absolute w-px -translate-x-1/2 bg-line-strong ${where}`} style={{ left: place(from, limit) }} />;
}

/** The sum against the band in which no verdict is given. */
function Sum({ value, limit, band }: { value: number; limit: number; band: [number, number] }) {
  const [low, high] = band.map((p) => Math.max(-limit, Math.min(limit, logOdds(p)))) as [number, number];
  return (
    <div aria-hidden="true">
      <span className="hatched absolute inset-y-2.5 text-inconclusive" style={{ left: place(low, limit), width: `${((high - low) / (2 * limit)) * 100}%` }} />
      <Middle />
      <Step from={value} limit={limit} part="in" />
      <span className="absolute top-1/2 size-3.5 -translate-1/2 rotate-45 border-2 border-surface bg-ink" style={{ left: place(value, limit) }} />
    </div>
  );
}
