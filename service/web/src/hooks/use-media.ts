import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { useAccess } from "@/access";
import { api } from "@/api";

interface Media {
  url: string | undefined;
  failed: boolean;
}

/**
 * An address that a picture or player can show. Without a key that is the service's own (so that it can be streamed in
 * ranges); with one, the bytes are fetched with the key and shown from memory, since a tag cannot send a header.
 */
export function useMedia(path: string | null): Media {
  const { key } = useAccess();
  const { data, isError } = useQuery({
    queryKey: ["blob", path],
    queryFn: ({ signal }) => api.blob(path ?? "", signal),
    enabled: path !== null && key !== null,
    staleTime: Infinity,
    retry: false,
  });
  const [url, setUrl] = useState<string>();

  useEffect(() => {
    if (!data) return;
    const made = URL.createObjectURL(data);
    // eslint-disable-next-line react-hooks/set-state-in-effect -- the address exists only while it is held
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [data]);

  if (path === null) return { url: undefined, failed: false };
  return key === null ? { url: path, failed: false } : { url: data ? url : undefined, failed: isError };
}
