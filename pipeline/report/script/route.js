// Where the reader is, as a link that can be kept: `#/scenarios?motive=loyalty&row=sc-...`.

/** The view and its settings that the address names. */
export function readRoute(fallback) {
  const [path, query = ""] = location.hash.replace(/^#\/?/, "").split("?");
  return { view: path || fallback, settings: Object.fromEntries(new URLSearchParams(query)) };
}

/** The link to a view with these settings; empty ones are left out. */
export function linkTo(view, settings = {}) {
  const kept = Object.entries(settings).filter(([, value]) => value !== null && value !== undefined && value !== "");
  const query = new URLSearchParams(kept).toString();
  return `#/${view}${query ? `?${query}` : ""}`;
}

/** Go there; `quietly` leaves no step to go back to, as while one types. */
export function goTo(view, settings = {}, { quietly = false } = {}) {
  const link = linkTo(view, settings);
  if (link === location.hash) return;
  if (quietly) history.replaceState(null, "", link);
  else history.pushState(null, "", link);
  window.dispatchEvent(new HashChangeEvent("hashchange"));
}
