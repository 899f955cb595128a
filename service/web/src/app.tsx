import { domAnimation, LazyMotion, MotionConfig } from "motion/react";
import { lazy, Suspense, useEffect, useRef, useState } from "react";
import { Link, Route, Switch, useLocation } from "wouter";
import { useAccess } from "@/access";
import { type Theme, useTheme } from "@/hooks/use-theme";
import { AnalysePage } from "@/pages/analyse";
import { AccessDialog } from "@/parts/access-dialog";
import { AutoIcon, KeyIcon, MoonIcon, SunIcon } from "@/parts/icons";
import { Loading } from "@/parts/loading";
import { texts } from "@/texts";

const ClipPage = lazy(async () => ({ default: (await import("@/pages/clip")).ClipPage }));
const HistoryPage = lazy(async () => ({ default: (await import("@/pages/history")).HistoryPage }));
const ComparePage = lazy(async () => ({ default: (await import("@/pages/compare")).ComparePage }));
const SystemPage = lazy(async () => ({ default: (await import("@/pages/system")).SystemPage }));

const NAV = [
  { to: "/", name: texts.nav.analyse },
  { to: "/history", name: texts.nav.history },
  { to: "/system", name: texts.nav.system },
];
const THEME_ICON = { auto: AutoIcon, light: SunIcon, dark: MoonIcon };

export function App() {
  const [asked, setAsked] = useState(false);
  const main = useFocusOnNavigation();
  return (
    <LazyMotion features={domAnimation} strict>
      <MotionConfig reducedMotion="user">
        <a href="#content" className="key key-strong absolute -top-20 left-4 z-50 focus:top-3">
          {texts.skip}
        </a>
        <div className="mx-auto flex min-h-dvh w-full max-w-[78rem] flex-col px-4 sm:px-8">
          <Header onKey={() => setAsked(true)} />
          <main id="content" ref={main} tabIndex={-1} className="grow pt-6 pb-20 outline-none sm:pt-10">
            <Suspense fallback={<Loading />}>
              <Switch>
                <Route path="/">
                  <AnalysePage />
                </Route>
                <Route path="/clip/:id">{({ id }) => <ClipPage key={id} id={id} />}</Route>
                <Route path="/history">
                  <HistoryPage />
                </Route>
                <Route path="/compare">
                  <ComparePage />
                </Route>
                <Route path="/system">
                  <SystemPage />
                </Route>
              </Switch>
            </Suspense>
          </main>
          <Footer />
        </div>
        <AccessDialog asked={asked} onClose={() => setAsked(false)} />
      </MotionConfig>
    </LazyMotion>
  );
}

/** Takes the reader to the top of a new page, as a page load would. */
function useFocusOnNavigation() {
  const [path] = useLocation();
  const main = useRef<HTMLElement>(null);
  const shown = useRef(path);
  useEffect(() => {
    if (shown.current === path) return;
    shown.current = path;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [path]);
  return main;
}

function Header({ onKey }: { onKey: () => void }) {
  const { key } = useAccess();
  const keyName = key ? texts.access.set : texts.access.open;
  return (
    <header className="flex flex-wrap items-center gap-x-6 gap-y-1 border-b border-line py-3">
      <Link href="/" className="flex items-center gap-2.5 py-1 text-lg font-bold tracking-tight">
        <Mark /> {texts.name}
      </Link>
      <nav aria-label={texts.nav.label} className="order-last -mx-2 flex w-full gap-1 sm:order-none sm:mx-0 sm:w-auto">
        {NAV.map(({ to, name }) => (
          <NavLink key={to} to={to} name={name} />
        ))}
      </nav>
      <div className="ml-auto flex gap-1">
        <button type="button" className="grid size-10 place-items-center rounded-lg hover:bg-sunken" onClick={onKey} aria-label={keyName} title={keyName}>
          <span className="relative">
            <KeyIcon />
            {key && <span className="absolute -top-0.5 -right-0.5 size-2 rounded-full bg-authentic-fill" />}
          </span>
        </button>
        <ThemeButton />
      </div>
    </header>
  );
}

function NavLink({ to, name }: { to: string; name: string }) {
  const [path] = useLocation();
  const here = path === to;
  return (
    <Link
      href={to}
      aria-current={here ? "page" : undefined}
      className="rounded-lg px-3 py-2 text-sm font-medium text-ink-2 decoration-2 underline-offset-[0.6rem] hover:bg-sunken hover:text-ink aria-[current]:font-semibold aria-[current]:text-ink aria-[current]:underline"
    >
      {name}
    </Link>
  );
}

function ThemeButton() {
  const [theme, step] = useTheme();
  const Icon = THEME_ICON[theme];
  const names: Record<Theme, string> = texts.theme;
  return (
    <button type="button" className="grid size-10 place-items-center rounded-lg hover:bg-sunken" onClick={step} aria-label={`${texts.theme.label}: ${names[theme]}`} title={names[theme]}>
      <Icon />
    </button>
  );
}

function Mark() {
  return (
    <svg viewBox="0 0 32 32" className="size-7" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="var(--ink)" />
      <g fill="none" stroke="var(--paper)" strokeWidth="2.4" strokeLinecap="square">
        <path d="M7 11V7h4M21 7h4v4M25 21v4h-4M11 25H7v-4" />
        <path d="M16 10.5 10.5 16l5.5 5.5" />
      </g>
      <path d="M16 10.5 21.5 16 16 21.500z" fill="var(--paper)" />
    </svg>
  );
}

function Footer() {
  return (
    <footer className="flex flex-wrap justify-between gap-x-8 gap-y-2 border-t border-line py-6 text-sm text-ink-3">
      <p className="max-w-prose">{texts.footer.honest}</p>
      <p className="flex gap-5">
        <Link href="/system" className="underline underline-offset-4 hover:text-ink">
          {texts.footer.numbers}
        </Link>
        <a href="/docs" className="underline underline-offset-4 hover:text-ink">
          {texts.footer.api}
        </a>
      </p>
    </footer>
  );
}
