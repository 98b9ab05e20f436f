// Colours that stay apart for colour-blind eyes (Okabe and Ito 2008), on light and on dark ground; shapes tell more apart.

const HUES = {
  light: ["#0072b2", "#d55e00", "#009e73", "#b8860b", "#a3477f", "#3a9bd9", "#5b5b5b", "#7a5c00"],
  dark: ["#56b4e9", "#f28e3c", "#2fc79b", "#f0e442", "#e08ac0", "#8fd0ff", "#b9b9b9", "#e6b422"],
};
export const SHAPES = ["circle", "square", "triangle"];
const RAMP = {
  light: [[216, 231, 243], [20, 99, 157], [8, 38, 66]],
  dark: [[29, 52, 71], [86, 180, 233], [240, 248, 255]],
};

export function isDarkGround() {
  const { theme } = document.documentElement.dataset;
  return theme ? theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

/** Colour and shape of the value at this place of the order; more than the palette holds are alike, and grey. */
export function markOfValue(place) {
  const hues = HUES[isDarkGround() ? "dark" : "light"];
  if (place >= hues.length * SHAPES.length) return { colour: isDarkGround() ? "#6b7480" : "#a7aeb6", shape: "circle" };
  return { colour: hues[place % hues.length], shape: SHAPES[Math.floor(place / hues.length)] };
}

/** Colour of a share from 0 to 1. */
export function rampColour(share) {
  const [low, middle, high] = RAMP[isDarkGround() ? "dark" : "light"];
  const [from, to, at] = share < 0.5 ? [low, middle, share * 2] : [middle, high, share * 2 - 1];
  return `rgb(${from.map((value, part) => Math.round(value + (to[part] - value) * at)).join(" ")})`;
}

/** Draw a mark on a canvas, or put it into a path. */
export function drawMark(context, shape, x, y, radius) {
  context.beginPath();
  if (shape === "square") context.rect(x - radius * 0.9, y - radius * 0.9, radius * 1.8, radius * 1.8);
  else if (shape === "triangle") {
    context.moveTo(x, y - radius * 1.2);
    context.lineTo(x + radius * 1.1, y + radius * 0.8);
    context.lineTo(x - radius * 1.1, y + radius * 0.8);
    context.closePath();
  } else context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fill();
}
