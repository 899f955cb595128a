/** How much of something is done, 0 to 1, as the service or the network told. */
export function ProgressBar({ share, label }: { share: number; label: string }) {
  return (
    <div role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} aria-valuenow={Math.round(share * 100)} className="h-1.5 overflow-hidden rounded-full bg-sunken">
      <div className="h-full rounded-full bg-ink transition-[width] duration-300" style={{ width: `${share * 100}%` }} />
    </div>
  );
}
