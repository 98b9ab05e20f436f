// Light or dark: the system's choice until the reader makes one, which the browser keeps.

import { el } from "./dom.js";

const THEME_KEY = "impress-theme";

/** A button that changes between light and dark. */
export function themeButton() {
  const root = document.documentElement;
  const kept = readKept();
  if (kept) root.dataset.theme = kept;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);
  const button = el("button", { type: "button", class: "icon", "aria-label": "Dark colours" }, "◐");
  const tell = () => {
    button.setAttribute("aria-pressed", String(isDark()));
    root.dispatchEvent(new Event("themechange"));
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    keep(root.dataset.theme);
    tell();
  });
  system.addEventListener("change", tell);
  tell();
  return button;
}

function readKept() {
  try {
    const theme = localStorage.getItem(THEME_KEY);
    return theme === "dark" || theme === "light" ? theme : null;
  } catch {
    return null; // a page from disk may have no storage
  }
}

function keep(theme) {
  try {
    localStorage.setItem(THEME_KEY, theme);
  } catch {
    // then the choice lasts as long as the page
  }
}
