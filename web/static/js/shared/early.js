// Runs before the first paint, so that a folded side bar never flashes, and tells the server the browser's time zone.
try {
  const side = localStorage.getItem("side");
  if (side) document.documentElement.dataset.side = side;
} catch { /* Storage is switched off. */ }
const zone = `timezone=${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
if (!document.cookie.split("; ").includes(zone)) {
  document.cookie = `${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
}
