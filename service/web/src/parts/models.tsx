import type { StepName } from "@/contract";
import type { ModelEntry } from "@/contract-system";
import { type Figure, figureName, figuresOf, headline } from "@/lib/figures";
import { CheckIcon } from "@/parts/check-icon";
import { Axis, FigurePlot, Mark } from "@/parts/figure-plot";
import { texts } from "@/texts";

const ROLES = ["gate", "visual", "clip", "film", "mouth", "temporal", "speech", "voice", "audio", "sync"];
const CHECKS: Record<string, StepName> = { clip: "visual", film: "temporal", mouth: "temporal", speech: "audio", voice: "audio" };
const FUSION = "fusion";

/** Every network with its figures, then the fusion heads, of which the one that fits the checks at hand is used. */
export function Models({ entries }: { entries: ModelEntry[] }) {
  if (entries.length === 0) return <p className="text-ink-2">{texts.system.noModels}</p>;
  const heads = entries.filter((entry) => entry.role === FUSION);
  const rank = ({ role }: ModelEntry) => (ROLES.includes(role) ? ROLES.indexOf(role) : ROLES.length);
  const networks = entries.filter((entry) => entry.role !== FUSION).sort((a, b) => rank(a) - rank(b));
  return (
    <div className="grid gap-3">
      <ul className="grid gap-3 lg:grid-cols-2">
        {networks.map((entry) => (
          <li key={entry.file} className="panel grid min-w-0 content-start gap-4 p-4 sm:p-5">
            <Network entry={entry} />
          </li>
        ))}
      </ul>
      {heads.length > 0 && <Heads entries={heads} />}
    </div>
  );
}

const nameOf = (role: string): string => (texts.system.roles as Record<string, string>)[role] ?? role;
const iconOf = (role: string): StepName => CHECKS[role] ?? (ROLES.includes(role) ? (role as StepName) : "fusion");

function Network({ entry }: { entry: ModelEntry }) {
  const figures = figuresOf(entry.metrics);
  const first = headline(figures);
  return (
    <>
      <div className="flex items-center gap-3">
        <CheckIcon name={iconOf(entry.role)} className="size-6 text-ink-2" />
        <div className="min-w-0">
          <h3 className="text-base">{nameOf(entry.role)}</h3>
          <FileName entry={entry} />
        </div>
      </div>
      {first.length > 0 ? <FigurePlot figures={first} /> : <p className="text-sm text-ink-3">{texts.system.noMetrics}</p>}
      {entry.provenance?.data && <p className="text-sm text-ink-2">{sentence(entry.provenance.data)}</p>}
      {figures.length > first.length && <AllFigures entry={entry} figures={figures} />}
    </>
  );
}

const sentence = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;

function FileName({ entry }: { entry: ModelEntry }) {
  return (
    <p className="measure text-xs break-all text-ink-3">
      {entry.file} · {entry.sha256.slice(0, 12)}
    </p>
  );
}

function Heads({ entries }: { entries: ModelEntry[] }) {
  const t = texts.system;
  return (
    <section aria-labelledby="heads" className="panel min-w-0 p-4 sm:p-5">
      <div className="flex items-center gap-3">
        <CheckIcon name="fusion" className="size-6 text-ink-2" />
        <h3 id="heads" className="text-base">
          {t.fusion}
        </h3>
      </div>
      <p className="mt-2 max-w-prose text-sm text-ink-2">{t.fusionIs}</p>
      <ul className="mt-3 grid text-sm">
        {entries.map((entry) => (
          <li key={entry.file} className="border-t border-line">
            <Head entry={entry} />
          </li>
        ))}
      </ul>
      <Axis className="pt-1 sm:mr-13 sm:ml-98 lg:ml-118" />
    </section>
  );
}

/** The checks that a head weighs. */
function Weighed({ entry }: { entry: ModelEntry }) {
  const branches = entry.config?.branches ?? [];
  const names = branches.map((name) => texts.checks[name].name).join(", ");
  return (
    <span className="flex items-center gap-1.5 text-ink-2" title={names}>
      <span className="sr-only">{names}</span>
      {branches.map((name) => (
        <CheckIcon key={name} name={name} className="size-4.5" />
      ))}
    </span>
  );
}

/** A head's matched area under the curve; its row opens to all its figures. */
function Head({ entry }: { entry: ModelEntry }) {
  const figures = figuresOf(entry.metrics);
  const shown = figures.find(({ path }) => path.join(".") === "matched_auc") ?? headline(figures)[0];
  return (
    <details>
      <summary className="grid items-center gap-x-4 py-2 hover:bg-sunken/60 sm:grid-cols-[7.5rem_15rem_1fr_auto] lg:grid-cols-[7.5rem_20rem_1fr_auto]">
        <Weighed entry={entry} />
        <span className="measure min-w-0 text-xs break-all text-ink-3">{entry.file}</span>
        {shown && (
          <span className="grid grid-cols-[1fr_auto] items-center gap-4 sm:contents">
            <Mark figure={shown} />
            <span className="measure w-9 text-right">
              <span className="sr-only">{figureName(shown.path)} </span>
              {shown.value.toFixed(2)}
            </span>
          </span>
        )}
      </summary>
      <FigureList entry={entry} figures={figures} />
    </details>
  );
}

function AllFigures({ entry, figures }: { entry: ModelEntry; figures: Figure[] }) {
  return (
    <details className="text-sm">
      <summary className="py-1 font-medium underline underline-offset-4">{texts.system.moreFigures}</summary>
      <FigureList entry={entry} figures={figures} />
    </details>
  );
}

function FigureList({ entry, figures }: { entry: ModelEntry; figures: Figure[] }) {
  return (
    <div className="my-2 max-h-80 overflow-y-auto" tabIndex={0} role="region" aria-label={`${texts.system.moreFigures}: ${entry.file}`}>
      <dl className="grid">
        {figures.map(({ path, value, interval }) => (
          <div key={path.join(".")} className="flex justify-between gap-4 border-t border-line py-1">
            <dt className="min-w-0 break-words text-ink-2">{[...path.slice(0, -1), figureName(path)].join(" · ")}</dt>
            <dd className="measure whitespace-nowrap">
              {Number.isInteger(value) ? value : value.toFixed(3)}
              {interval && ` (${interval[0].toFixed(2)}–${interval[1].toFixed(2)})`}
            </dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
