/** A shape for each outcome, so that none is told by colour alone: ring, filled diamond, half-filled square. */

import type { Tone } from "@/lib/score";

export function Glyph({ tone, className = "size-5" }: { tone: Tone; className?: string }) {
  return (
    <svg viewBox="0 0 20 20" className={`shrink-0 ${className}`} aria-hidden="true">
      {tone === "authentic" && <circle cx="10" cy="10" r="6.6" fill="none" stroke="currentColor" strokeWidth="3" />}
      {tone === "deepfake" && <path d="M10 1.2 18.8 10 10 18.8 1.2 10z" fill="currentColor" />}
      {tone === "inconclusive" && (
        <>
          <rect x="3.2" y="3.2" width="13.6" height="13.6" fill="none" stroke="currentColor" strokeWidth="2.4" />
          <path d="M3.2 16.8 16.8 3.200V16.800z" fill="currentColor" />
        </>
      )}
      {tone === "none" && <path d="M4 10h12" stroke="currentColor" strokeWidth="3" />}
    </svg>
  );
}
