import { Link } from "wouter";
import { paths } from "@/api";
import type { AnalysisSummary } from "@/contract";
import { ago, fileName } from "@/lib/format";
import { toneOf } from "@/lib/score";
import { ClipIcon } from "@/parts/icons";
import { MediaImage } from "@/parts/media-image";
import { VerdictChip } from "@/parts/verdict-chip";
import { texts } from "@/texts";

/** The still of a clip, or a sign where there is none: a still is made with the findings, so it is not asked for before. */
export function Thumbnail({ item, className }: { item: AnalysisSummary; className: string }) {
  const missing = (
    <span className={`grid place-items-center bg-sunken text-ink-3 ${className}`}>
      <ClipIcon className="size-6" />
    </span>
  );
  if (item.status !== "complete") return missing;
  return <MediaImage path={paths.thumbnail(item.analysisId)} alt="" className={`bg-sunken object-cover ${className}`} missing={missing} />;
}

export function SummaryChip({ item }: { item: AnalysisSummary }) {
  return item.status === "complete" ? <VerdictChip tone={toneOf(item)} /> : <VerdictChip tone="none" label={texts.states[item.status]} />;
}

/** One analysis as a card that leads to it. */
export function ClipCard({ item }: { item: AnalysisSummary }) {
  return (
    <Link href={`/clip/${item.analysisId}`} className="panel group block overflow-hidden transition-colors hover:border-ink">
      <Thumbnail item={item} className="aspect-video w-full" />
      <span className="grid gap-2 p-3.5">
        <span className="truncate font-semibold group-hover:underline group-hover:underline-offset-4">{fileName(item.filename)}</span>
        <span className="flex flex-wrap items-center justify-between gap-2 text-xs text-ink-3">
          <SummaryChip item={item} /> {ago(item.submittedAt)}
        </span>
      </span>
    </Link>
  );
}
