import { texts } from "@/texts";

/** Says that something is on its way, without moving anything on the page. */
export function Loading({ label = texts.loading }: { label?: string }) {
  return (
    <p role="status" className="flex items-center gap-3 py-10 text-ink-3">
      <span className="size-2 animate-pulse rounded-full bg-ink-3" aria-hidden="true" />
      {label}
    </p>
  );
}
