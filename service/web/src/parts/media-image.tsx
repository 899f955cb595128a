import { type ReactNode, useState } from "react";
import { useMedia } from "@/hooks/use-media";

interface Props {
  path: string;
  alt: string;
  className?: string;
  /** Shown where there is no such picture. */
  missing: ReactNode;
}

/** A picture of the service's, fetched with the key where one is in use. */
export function MediaImage({ path, alt, className, missing }: Props) {
  const { url, failed } = useMedia(path);
  const [broken, setBroken] = useState(false);
  if (failed || broken) return missing;
  if (!url) return <span className={`block bg-sunken ${className ?? ""}`} />;
  return <img src={url} alt={alt} className={className} loading="lazy" decoding="async" onError={() => setBroken(true)} />;
}
