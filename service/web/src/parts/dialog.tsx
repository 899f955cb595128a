import { type ReactNode, useEffect, useRef } from "react";

interface Props {
  open: boolean;
  onClose: () => void;
  title: string;
  children: ReactNode;
}

/** A modal question. The browser's own dialog: focus stays inside, Escape closes it, focus goes back. */
export function Dialog({ open, onClose, title, children }: Props) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    if (open && !dialog?.open) dialog?.showModal();
    if (!open && dialog?.open) dialog.close();
  }, [open]);
  return (
    <dialog ref={element} onClose={onClose} aria-label={title} className="panel w-[min(30rem,calc(100vw-2rem))] p-6 text-ink backdrop:bg-black/45">
      {open && (
        <>
          <h2 className="text-xl">{title}</h2>
          {children}
        </>
      )}
    </dialog>
  );
}
