import { type ReactNode, useState } from "react";
import type { AnalysisStatus, Result } from "@/contract";
import { bitrate, fileName, percent, when } from "@/lib/format";
import { texts } from "@/texts";

const HASH = /^[0-9a-f]{12,}$/;

/** The file, what looked at it and by which rules, and what was left unchecked. */
export function Provenance({ status, result }: { status: AnalysisStatus; result: Result }) {
  const t = texts.provenance;
  return (
    <section aria-labelledby="record" className="grid gap-4">
      <h2 id="record" className="text-xl">
        {t.title}
      </h2>
      <div className="grid gap-3 md:grid-cols-2">
        <div className="grid content-start gap-3">
          <Unchecked result={result} />
          <FileFacts status={status} result={result} />
          <Models versions={result.versions} />
        </div>
        <div className="grid content-start gap-3">
          <Rules result={result} />
        </div>
      </div>
    </section>
  );
}

function Block({ title, children }: { title: string; children: ReactNode }) {
  return (
    <div className="panel min-w-0 p-4 sm:p-5">
      <h3 className="mb-2 text-base">{title}</h3>
      {children}
    </div>
  );
}

function Facts({ rows }: { rows: [string, ReactNode][] }) {
  return (
    <dl className="grid text-sm">
      {rows.map(([name, value]) => (
        <div key={name} className="flex flex-wrap justify-between gap-x-6 border-t border-line py-1.5 first:border-t-0">
          <dt className="text-ink-3">{name}</dt>
          <dd className="measure min-w-0 text-right break-all">{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function Unchecked({ result }: { result: Result }) {
  const t = texts.provenance;
  const left = result.branches.filter((branch) => branch.status !== "scored");
  const seen = result.windows.reduce((sum, [start, end]) => sum + (end - start), 0);
  const { seconds } = texts.time;
  return (
    <Block title={t.unchecked}>
      <ul className="grid gap-1.5 text-sm text-ink-2">
        {left.map((branch) => (
          <li key={branch.name}>
            <b className="font-semibold text-ink">{texts.checks[branch.name].name}.</b> {branch.reason}
          </li>
        ))}
        {left.length === 0 && <li>{t.allChecked}</li>}
        <li>{t.spans(seconds(Math.min(seen, result.clip.durationS)), seconds(result.clip.durationS))}</li>
      </ul>
    </Block>
  );
}

function FileFacts({ status, result }: { status: AnalysisStatus; result: Result }) {
  const t = texts.provenance;
  const { clip } = result;
  return (
    <Block title={t.file}>
      <p className="mb-2 text-sm font-medium break-all">{fileName(status.filename)}</p>
      <Facts
        rows={[
          [t.sha256, <Hash key="hash" value={clip.sha256} />],
          [t.duration, texts.time.seconds(clip.durationS)],
          [t.picture, `${clip.width} × ${clip.height}, ${clip.fps.toFixed(2).replace(/\.?0+$/, "")} fps`],
          [t.container, clip.container.replaceAll(",", ", ") || t.none],
          [t.video, clip.videoCodec || t.none],
          [t.audio, clip.hasAudio ? clip.audioCodec : t.noAudio],
          [t.bitrate, clip.bitrateBps ? bitrate(clip.bitrateBps) : t.none],
          ...(status.submittedAt ? [[t.submitted, when(status.submittedAt)] as [string, string]] : []),
          ...(status.finishedAt ? [[t.finished, when(status.finishedAt)] as [string, string]] : []),
        ]}
      />
    </Block>
  );
}

function Hash({ value }: { value: string }) {
  const [copied, setCopied] = useState(false);
  const copy = () => void navigator.clipboard.writeText(value).then(() => setCopied(true));
  return (
    <span className="inline-flex flex-wrap items-center justify-end gap-2">
      {value}
      <button type="button" className="rounded-md border border-line-strong px-2 py-0.5 font-sans text-xs font-medium hover:border-ink" onClick={copy}>
        <span aria-live="polite">{copied ? texts.provenance.copied : texts.provenance.copy}</span>
      </button>
    </span>
  );
}

function Rules({ result }: { result: Result }) {
  const t = texts.provenance;
  const thresholds = Object.entries(result.thresholds).map(([name, p]): [string, string] => [t.thresholdNames[name] ?? name, percent(p, 1)]);
  const options = Object.entries(result.options).map(([name, value]): [string, string] => [t.optionNames[name] ?? name, typeof value === "string" ? value : value ? t.yes : t.no]);
  const timings = Object.entries(result.timings).map(([name, seconds]): [string, string] => [t.stages[name] ?? name, `${seconds.toFixed(2)} s`]);
  return (
    <Block title={t.thresholds}>
      <Facts rows={thresholds} />
      <h3 className="mt-5 mb-2 text-base">{t.options}</h3>
      <Facts rows={options} />
      <h3 className="mt-5 mb-2 text-base">{t.timings}</h3>
      <Facts rows={timings} />
    </Block>
  );
}

/** What is a version first, the hashes of all weight files behind a fold. */
function Models({ versions }: { versions: Record<string, string> }) {
  const t = texts.provenance;
  const rows = Object.entries(versions);
  const isWeights = ([name, value]: [string, string]) => HASH.test(value) && name.includes(".");
  return (
    <Block title={t.models}>
      <Facts rows={rows.filter((row) => !isWeights(row) && row[0] !== "exit_threshold").map(([name, value]) => [name === "head" ? t.head : name, value])} />
      <details className="mt-2 text-sm">
        <summary className="py-1 font-medium underline underline-offset-4">{t.showAll}</summary>
        <Facts rows={rows.filter(isWeights)} />
      </details>
    </Block>
  );
}
