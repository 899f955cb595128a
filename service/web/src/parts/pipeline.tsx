import * as m from "motion/react-m";
import type { ReactNode } from "react";
import type { Step, StepName, StepState } from "@/contract";
import { CheckIcon } from "@/parts/check-icon";
import { texts } from "@/texts";

const FAN: StepName[] = ["visual", "temporal", "audio", "sync"];
const LOOK: Record<StepState, string> = {
  waiting: "border-line text-ink-3",
  running: "border-ink bg-sunken",
  done: "border-line-strong",
  abstained: "border-inconclusive-fill border-dashed text-ink-2",
  skipped: "border-line border-dashed text-ink-3 hatched",
};

/** The steps as the service tells of them; nothing moves here that did not happen there. */
export function Pipeline({ steps }: { steps: Step[] }) {
  const byName = new Map(steps.map((step) => [step.name, step]));
  const brokenOff = byName.get("fusion")?.state === "skipped";
  const node = (name: StepName) => <Node key={name} step={byName.get(name) ?? { name, state: "waiting", tookMs: null, note: null }} brokenOff={brokenOff} />;
  const early = isEarlyExit(steps);
  const begun = (name: StepName) => !["waiting", "skipped"].includes(byName.get(name)?.state ?? "waiting");
  return (
    <ol aria-label={texts.pipeline.label} className="grid items-center gap-x-0 gap-y-2 lg:grid-cols-[1fr_2rem_1fr_2rem_1.4fr_2rem_1fr]">
      {node("ingest")}
      <Wire lit={begun("gate")} />
      {node("gate")}
      <Wire lit={FAN.some(begun)} />
      <li>
        <ol className="fan grid gap-2 lg:border-x-2 lg:px-3.5 lg:[&>li]:relative">{FAN.map(node)}</ol>
        {early && <p className="mt-2 text-sm text-ink-2">{texts.pipeline.earlyExit}</p>}
      </li>
      <Wire lit={begun("fusion")} />
      {node("fusion")}
    </ol>
  );
}

/** The gate was enough if it is done and every deeper check was left out. */
export function isEarlyExit(steps: Step[]): boolean {
  const state = (name: StepName) => steps.find((step) => step.name === name)?.state;
  return state("gate") === "done" && state("visual") === "skipped" && state("fusion") !== "skipped";
}

function Wire({ lit }: { lit: boolean }) {
  return (
    <li aria-hidden="true" className="grid h-3 place-items-center lg:h-auto">
      <span className={`block h-full w-0.5 lg:h-0.5 lg:w-full ${lit ? "bg-ink" : "bg-line"}`} />
    </li>
  );
}

/** A step that was left out was not needed, unless the analysis ended before its verdict. */
function Node({ step, brokenOff }: { step: Step; brokenOff: boolean }) {
  const t = texts.pipeline;
  const { name, state } = step;
  const word = brokenOff && state === "skipped" ? t.notDone : texts.stepStates[state];
  return (
    <m.li layout="position" data-step={name} data-state={state} className={`grid grid-cols-[auto_1fr_auto] items-center gap-x-3 rounded-[10px] border bg-surface px-3.5 py-2.5 ${LOOK[state]}`}>
      <CheckIcon name={name} className="size-5" />
      <span className={`text-sm font-semibold ${state === "waiting" || state === "skipped" ? "" : "text-ink"}`}>{texts.steps[name]}</span>
      <span className="flex items-center gap-2 text-xs">
        <StateSign state={state} />
        {state === "done" && step.tookMs !== null ? <span className="measure">{t.took(step.tookMs)}</span> : word}
        {state === "done" && <span className="sr-only">{texts.stepStates.done}</span>}
      </span>
      {step.note && state === "abstained" && <p className="col-span-full mt-1 text-xs text-ink-2">{step.note}</p>}
    </m.li>
  );
}

const SIGNS: Partial<Record<StepState, ReactNode>> = {
  done: <path d="m3 8.5 3.5 3.500L13 4.5" />,
  abstained: <path d="M5.5 6a2.5 2.5 0 1 1 3.7 2.200c-.8.4-1.2 1-1.2 1.800M8 13h.01" />,
  skipped: <path d="M3 8h10" />,
};

function StateSign({ state }: { state: StepState }) {
  if (state === "running") return <span className="size-2 animate-pulse rounded-full bg-ink" aria-hidden="true" />;
  return (
    <svg viewBox="0 0 16 16" className="size-4" fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {SIGNS[state] ?? <circle cx="8" cy="8" r="2.5" />}
    </svg>
  );
}
