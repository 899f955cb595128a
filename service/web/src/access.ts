/** The API key of this browser tab. Kept in sessionStorage: it ends with the tab and is never written to disk by us. */

import { useSyncExternalStore } from "react";

const STORED_AS = "vericlip-key";

interface Access {
  key: string | null;
  /** Set when the service has refused a request for want of a key, or of the right one. */
  refused: boolean;
}

let access: Access = { key: stored(), refused: false };
const listeners = new Set<() => void>();

function stored(): string | null {
  try {
    return sessionStorage.getItem(STORED_AS);
  } catch {
    return null;
  }
}

function change(next: Access): void {
  access = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function currentKey(): string | null {
  return access.key;
}

export function refuse(): void {
  if (!access.refused) change({ ...access, refused: true });
}

export function setKey(key: string | null): void {
  try {
    if (key) sessionStorage.setItem(STORED_AS, key);
    else sessionStorage.removeItem(STORED_AS);
  } catch {
    // Forbidden storage: the key then lasts until the page is reloaded.
  }
  change({ key: key || null, refused: false });
}

export function dismissRefusal(): void {
  change({ ...access, refused: false });
}

export function useAccess(): Access {
  return useSyncExternalStore(subscribe, () => access);
}
