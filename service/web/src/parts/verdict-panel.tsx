import { useQuery } from "@tanstack/react-query";
import { Link } from "wouter";
import { api } from "@/api";
import type { Result } from "@/contract";
import { percent } from "@/lib/format";
import { bandOf, type Tone, toneOf, wasJudged } from "@/lib/score";
import { trustIn } from "@/lib/trust";
import { Glyph } from "@/parts/glyph";
import { Scale } from "@/parts/scale";
import { TONE_NAME } from "@/parts/verdict-chip";
import { texts } from "@/texts";

const INK: Record<Tone, string> = {
  authentic: "text-authentic",
  deepfake: "text-deepfake",
  inconclusive: "text-inconclusive",
  none: "text-ink",
};

/** The answer: word, probability on its scale, and why. */
export function VerdictPanel({ result }: { result: Result }) {
  const t = texts.result;
  const judged = wasJudged(result);
  const tone = toneOf(result);
  return (
    <section aria-labelledby="verdict" className="grid content-start gap-6">
      <div>
        <p className="label">{t.heading}</p>
        <h2 id="verdict" className={`mt-1 flex items-center gap-3 text-4xl sm:text-5xl ${INK[tone]}`} data-tone={tone}>
          <Glyph tone={tone} className="size-9 sm:size-11" />
          {TONE_NAME[tone]}
        </h2>
        <p className="mt-3 max-w-prose text-ink-2">{sentence(result, judged)}</p>
      </div>
      <div className="grid gap-2">
        <p className="flex items-baseline justify-between gap-4">
          <span className="label">{t.probability}</span>
          {judged && <span className="measure text-xl font-semibold">{percent(result.probability)}</span>}
        </p>
        <Scale probability={result.probability} band={bandOf(result)} judged={judged} />
      </div>
      {result.earlyExit && (
        <p className="rounded-[10px] bg-sunken px-4 py-3 text-sm text-ink-2">
          <b className="font-semibold text-ink">{t.earlyExit}.</b> {t.earlyExitIs}
        </p>
      )}
      <Reasons reasons={result.reasons} />
      {judged && <TrustNote head={result.versions.head} />}
    </section>
  );
}

function sentence(result: Result, judged: boolean): string {
  const t = texts.result.sentence;
  if (!judged) return t.unseen;
  return result.inconclusive ? t.inconclusive(result.probability, result.verdict) : t[result.verdict](result.probability);
}

function Reasons({ reasons }: { reasons: string[] }) {
  return (
    <div>
      <h3 className="text-lg">{texts.result.reasons}</h3>
      {reasons.length === 0 && <p className="mt-2 text-ink-2">{texts.result.noReasons}</p>}
      <ol className="mt-2 grid">
        {reasons.map((reason) => (
          <li key={reason} className="border-t border-line py-2.5 text-ink-2 first:border-t-0">
            {reason}
          </li>
        ))}
      </ol>
    </div>
  );
}

/** What was measured of the head that gave this verdict, from the manifest's own numbers. */
function TrustNote({ head }: { head: string | undefined }) {
  const { data } = useQuery({ queryKey: ["models"], queryFn: ({ signal }) => api.models(signal), staleTime: Infinity });
  const trust = trustIn(head, data?.artefacts ?? []);
  if (!trust) return null;
  const t = texts.result.trust;
  return (
    <p className="border-l-2 border-line-strong pl-4 text-sm text-ink-2">
      <b className="font-semibold text-ink">{t.title}</b> {t.measured(trust.auc, trust.clips)} <b className="font-semibold text-ink">{t.worth[trust.worth]}</b>{" "}
      <Link href="/system" className="underline underline-offset-4 hover:text-ink">
        {texts.footer.numbers}
      </Link>
    </p>
  );
}

export function AnotherClip() {
  return (
    <Link href="/" className="key">
      {texts.result.another}
    </Link>
  );
}
