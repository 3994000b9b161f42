// Runs before the first paint, so that a folded side bar never flashes.
try {
  const side = localStorage.getItem("side");
  if (side) document.documentElement.dataset.side = side;
} catch { /* Storage is switched off. */ }
