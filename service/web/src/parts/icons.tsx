/** Line icons on a 20-unit grid, drawn for this page. All are decoration: the button or text beside them is the name. */

import type { ReactNode } from "react";

function icon(content: ReactNode) {
  return function Icon({ className = "size-5" }: { className?: string }) {
    return (
      <svg viewBox="0 0 20 20" className={`shrink-0 ${className}`} fill="none" stroke="currentColor" strokeWidth="1.6" strokeLinecap="round" strokeLinejoin="round" aria-hidden="true">
        {content}
      </svg>
    );
  };
}

export const PlayIcon = icon(<path d="M6.5 4.5v11l9-5.5z" fill="currentColor" />);
export const PauseIcon = icon(<path d="M7 5v10M13 5v10" strokeWidth="2.4" />);
export const BackIcon = icon(<path d="M12.5 5 7.5 10l5 5M5 5v10" />);
export const OnIcon = icon(<path d="M7.5 5l5 5-5 5M15 5v10" />);
export const SoundIcon = icon(<path d="M3.5 8v4h3l4 3.5v-11L6.5 8zM13.5 7.500a3.5 3.5 0 0 1 0 5M15.8 5.200a6.8 6.8 0 0 1 0 9.6" />);
export const MutedIcon = icon(<path d="M3.5 8v4h3l4 3.5v-11L6.5 8zM13.5 8l4 4M17.5 8l-4 4" />);
export const KeyIcon = icon(
  <>
    <circle cx="6.5" cy="13.5" r="3" />
    <path d="m8.7 11.3 7.3-7.300M13 7l2.5 2.5" />
  </>,
);
export const SunIcon = icon(
  <>
    <circle cx="10" cy="10" r="3.2" />
    <path d="M10 2.500v2M10 15.500v2M2.5 10h2M15.5 10h2M4.7 4.700l1.4 1.400M13.9 13.900l1.4 1.400M15.3 4.700l-1.4 1.400M6.1 13.900l-1.4 1.4" />
  </>,
);
export const MoonIcon = icon(<path d="M16 11.800A6.5 6.5 0 0 1 8.2 4a6.5 6.5 0 1 0 7.8 7.800z" />);
export const AutoIcon = icon(
  <>
    <circle cx="10" cy="10" r="6.5" />
    <path d="M10 3.500a6.5 6.5 0 0 1 0 13z" fill="currentColor" />
  </>,
);
export const CloseIcon = icon(<path d="m5 5 10 10M15 5 5 15" />);
export const TrashIcon = icon(<path d="M4 6h12M8 6V4h4v2M5.5 6l.7 10h7.600l.7-10M8.5 9v4.500M11.5 9v4.5" />);
export const AgainIcon = icon(<path d="M15.5 8A6 6 0 1 0 16 11.500M16 4v4h-4" />);
export const FileIcon = icon(<path d="M5 2.500h6.500L15 6v11.500H5zM11.5 2.500V6H15M7.5 10h5M7.5 13h5" />);
export const ClipIcon = icon(<path d="M2.5 5h15v10h-15zM5.5 5v10M14.5 5v10M2.5 10h3M14.5 10h3" />);
