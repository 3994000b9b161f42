// Runs before the first paint, so that neither a folded side bar nor the wrong colors ever flash; and tells the server the
// browser's time zone.
{
  const root = document.documentElement;

  const stored = (name) => {
    try {
      return localStorage.getItem(name);
    } catch {
      return null; // Storage is switched off.
    }
  };

  /** Show the colors of `theme`, "light" or "dark"; those of the system for any other. */
  const showTheme = (theme) => {
    const chosen = ["light", "dark"].includes(theme);
    if (chosen) root.dataset.theme = theme;
    else delete root.dataset.theme;
    for (const meta of document.querySelectorAll('meta[name="theme-color"]')) {
      const own = meta.dataset.theme;
      meta.media = chosen ? (own === theme ? "all" : "not all") : `(prefers-color-scheme: ${own})`;
    }
  };

  const side = stored("side");
  if (side) root.dataset.side = side;
  showTheme(stored("theme"));
  addEventListener("theme", ({ detail }) => showTheme(detail));
  addEventListener("storage", () => showTheme(stored("theme")));
  addEventListener("pageshow", ({ persisted }) => persisted && showTheme(stored("theme")));

  const zone = `timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
  // Not on pages for strangers with a link, who are given no cookie.
  if (document.currentScript.dataset.zone === "" && !document.cookie.split("; ").includes(zone)) {
    document.cookie = `${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  }
}
