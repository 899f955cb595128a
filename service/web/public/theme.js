// Before the first paint, so that a chosen theme does not flash. No choice: the system's.
try {
  const chosen = localStorage.getItem("vericlip-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset.theme = chosen;
} catch {
  // Storage may be forbidden; then the system's theme stands.
}
