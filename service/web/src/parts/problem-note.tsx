import { ApiError } from "@/api";
import type { Problem } from "@/contract";
import { texts } from "@/texts";

/** What to do about an error: in the page's words where it knows the code, else in the service's own. */
export function adviceOn(error: unknown): string {
  const { code, detail } = parts(error);
  return texts.errors.byCode[code] ?? (detail || (texts.errors.byCode.internal_error ?? ""));
}

function parts(error: unknown): { code: string; detail: string; retryAfterS: number | null } {
  if (error instanceof ApiError) return { code: error.code, detail: error.message, retryAfterS: error.retryAfterS };
  const problem = error as Partial<Problem> | null;
  return { code: problem?.code ?? "internal_error", detail: problem?.detail ?? "", retryAfterS: null };
}

interface Props {
  error: unknown;
  title?: string;
  /** Where the note is all that a page shows, its title is the page's. */
  whole?: boolean;
  onRetry?: () => void;
}

/** An error in words that say what to do; the service's own words and the stable code stand below. */
export function ProblemNote({ error, title = texts.errors.title, whole = false, onRetry }: Props) {
  const { code, detail, retryAfterS } = parts(error);
  const Title = whole ? "h1" : "h2";
  return (
    <div role="alert" className="panel border-l-4 border-l-deepfake-fill p-5">
      <Title className="text-lg">{title}</Title>
      <p className="mt-1.5 max-w-prose text-ink-2">
        {adviceOn(error)} {retryAfterS !== null && texts.errors.wait(retryAfterS)}
      </p>
      <p className="mt-2 text-xs text-ink-3">
        <span className="measure">{code}</span>
        {detail && ` · ${detail}`}
      </p>
      {onRetry && (
        <button type="button" className="key mt-4" onClick={onRetry}>
          {texts.errors.again}
        </button>
      )}
    </div>
  );
}
