import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { dismissRefusal, setKey, useAccess } from "@/access";
import { Dialog } from "@/parts/dialog";
import { texts } from "@/texts";

/** Asks for the API key when the service has refused a request, or when the key button is pressed. */
export function AccessDialog({ asked, onClose }: { asked: boolean; onClose: () => void }) {
  const { key, refused } = useAccess();
  const client = useQueryClient();
  const [typed, setTyped] = useState("");
  const t = texts.access;

  const accept = (next: string | null) => {
    setKey(next);
    setTyped("");
    onClose();
    void client.resetQueries();
  };
  const later = () => {
    dismissRefusal();
    onClose();
  };
  return (
    <Dialog open={asked || refused} onClose={later} title={t.title}>
      <p className="mt-2 text-ink-2">{refused && key ? t.refusedLead : t.lead}</p>
      <form
        className="mt-5 grid gap-4"
        onSubmit={(event) => {
          event.preventDefault();
          if (typed.trim()) accept(typed.trim());
        }}
      >
        <label className="grid gap-1.5 text-sm font-semibold">
          {t.field}
          <input className="field measure w-full" type="password" autoComplete="off" spellCheck={false} placeholder={t.placeholder} value={typed} onChange={(event) => setTyped(event.target.value)} />
        </label>
        <div className="flex flex-wrap gap-2">
          <button type="submit" className="key key-strong" disabled={!typed.trim()}>
            {t.use}
          </button>
          <button type="button" className="key" onClick={later}>
            {t.later}
          </button>
          {key && (
            <button type="button" className="key ml-auto" onClick={() => accept(null)}>
              {t.forget}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}
