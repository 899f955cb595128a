/** A sign for each step of the examination, on a 24-unit grid. */

import type { ReactNode } from "react";
import type { StepName } from "@/contract";

const DRAWN: Record<StepName, ReactNode> = {
  ingest: <path d="M3.5 6h17v12h-17zM7 6v12M17 6v12M3.5 10H7M3.5 14H7M17 10h3.500M17 14h3.5" />,
  gate: (
    <>
      <path d="M4 4h16v16H4zM4 9.300h16M4 14.700h16M9.3 4v16M14.7 4v16" />
      <path d="M9.3 9.300h5.400v5.400H9.300z" fill="currentColor" />
    </>
  ),
  visual: (
    <>
      <path d="M12 4.500c3.5 0 5.5 2.5 5.5 6.500s-2.5 8.5-5.5 8.500S6.5 15 6.5 11 8.5 4.5 12 4.500z" />
      <path d="M9.5 10.500h.01M14.5 10.500h.01" strokeWidth="2.2" />
      <path d="M10 15c1.3.8 2.7.8 4 0" />
    </>
  ),
  temporal: (
    <>
      <circle cx="15.5" cy="12" r="5" />
      <path d="M10 7.400a5 5 0 0 0 0 9.200M5.5 8.500a5 5 0 0 0 0 7" />
    </>
  ),
  audio: <path d="M3 12h1.500M7.5 9v6M11 5v14M14.5 8v8M18 10.500v3M21 12h.01" />,
  sync: (
    <>
      <path d="M3.5 9.500c2.5-3 4.5-3.5 6-2.3 1.5-1.2 3.5-.7 6 2.3-2 3.5-4 4.5-6 4.500s-4-1-6-4.500zM3.5 9.500h12" />
      <path d="M13 18v-1M16 20v-5M19 18.500v-2M21.5 17.500h.01" />
    </>
  ),
  fusion: <path d="M12 4v15M6 19.500h12M4 9l8-3 8 3M4 9l-2 5h4zM20 9l-2 5h4z" />,
};

export function CheckIcon({ name, className = "size-6" }: { name: StepName; className?: string }) {
  return (
    <svg viewBox="0 0 24 24" className={`shrink-0 ${className}`} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
      {DRAWN[name]}
    </svg>
  );
}
