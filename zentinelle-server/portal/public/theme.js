// Runs before the first paint, so that a dark page never starts out white.
(function () {
  var root = document.documentElement;
  var wish = null;
  try { wish = localStorage.getItem("zentinelle.theme"); } catch (_) { /* no storage: the system decides */ }
  var dark = wish === "dark" || (wish !== "light" && matchMedia("(prefers-color-scheme: dark)").matches);
  root.classList.add(dark ? "dark" : "light");
  root.style.colorScheme = dark ? "dark" : "light";
})();
