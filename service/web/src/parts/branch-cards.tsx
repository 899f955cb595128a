import type { BranchReport, Result } from "@/contract";
import { percent, signed } from "@/lib/format";
import { scoreColour } from "@/lib/score";
import { byBranch, ORDER } from "@/lib/waterfall";
import { CheckIcon } from "@/parts/check-icon";
import { texts } from "@/texts";

/** What each check found by itself, or why it could not tell. */
export function BranchCards({ result }: { result: Result }) {
  const sums = byBranch(result.contributions);
  const byName = new Map(result.branches.map((branch) => [branch.name, branch]));
  const shown = ORDER.map((name) => byName.get(name)).filter((branch) => branch !== undefined);
  return (
    <section aria-labelledby="checks" className="grid content-start gap-4">
      <h2 id="checks" className="text-xl">
        {texts.branches.title}
      </h2>
      <ul className="grid gap-3 sm:grid-cols-2 xl:grid-cols-5">
        {shown.map((branch) => (
          <li key={branch.name} className={`panel grid content-start gap-3 p-4 ${branch.status === "scored" ? "" : "border-dashed"}`} data-branch={branch.name} data-status={branch.status}>
            <Card branch={branch} moved={sums[branch.name]} />
          </li>
        ))}
      </ul>
    </section>
  );
}

function Card({ branch, moved }: { branch: BranchReport; moved: number | undefined }) {
  const t = texts.branches;
  const { name, what } = texts.checks[branch.name];
  const p = branch.probability;
  return (
    <>
      <div className="flex items-center gap-2.5">
        <CheckIcon name={branch.name} className="size-5 text-ink-2" />
        <h3 className="text-base">{name}</h3>
      </div>
      {branch.status === "scored" && p != null ? (
        <>
          <p>
            <span className="measure text-2xl font-semibold">{percent(p)}</span>
            <span className="block text-xs text-ink-3">{t.alone}</span>
          </p>
          <div className="h-1.5 overflow-hidden rounded-full bg-sunken" aria-hidden="true">
            <div className="h-full" style={{ width: `${p * 100}%`, background: scoreColour(p) }} />
          </div>
          <p className="text-sm text-ink-2">{weight(moved)}</p>
          <Faces faces={branch.faces} />
          <Details branch={branch} />
        </>
      ) : (
        <p className="text-sm text-ink-2">
          <b className="mb-1 block text-base font-semibold text-ink">{branch.status === "skipped" ? t.skipped : t.abstained}</b>
          {branch.reason ?? what}
        </p>
      )}
    </>
  );
}

const LEAST_SHOWN = 0.005;

function weight(moved: number | undefined): string {
  const t = texts.branches;
  if (moved === undefined) return t.notMoved;
  return Math.abs(moved) < LEAST_SHOWN ? t.still : t.moved(signed(moved));
}

function Faces({ faces }: { faces: Record<string, number> }) {
  const entries = Object.entries(faces);
  if (entries.length < 2) return null;
  return (
    <dl className="grid gap-1 text-sm">
      {entries.map(([track, p]) => (
        <div key={track} className="flex justify-between gap-2">
          <dt className="text-ink-2">{texts.player.face(Number(track))}</dt>
          <dd className="measure">{percent(p)}</dd>
        </div>
      ))}
    </dl>
  );
}

const FRAME_MS = 40;

function Details({ branch }: { branch: BranchReport }) {
  const t = texts.branches;
  const { windows, offset_frames: offset, offset_certain: certain } = branch.details;
  if (branch.name === "audio" && typeof windows === "number") return <p className="text-xs text-ink-3">{t.windows(windows)}</p>;
  if (branch.name === "sync" && typeof offset === "number") return <p className="text-xs text-ink-3">{certain ? t.offset(offset, offset * FRAME_MS) : t.offsetUnsure}</p>;
  return null;
}
