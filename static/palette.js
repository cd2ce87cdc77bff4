// Ctrl K: whatever the page offers, found by typing.

// ---- Everything else: whatever the page offers, found by typing

function palette() {
  $("#palette").showPopover();
  $("#palette-words").value = "";
  offer();
}
function commands() {
  const said = (one) => (one.getAttribute("aria-label") ?? one.textContent).replace(/\s+/g, " ").trim();
  const found = [...$$("#work button"), ...$$(".bar-nav a, #nav a, .views a, #all-views a, #me a")].filter((one) => !one.closest("[hidden]"));
  const seen = new Set();
  return found.map((one) => {
    const key = $("kbd", one)?.textContent ?? one.getAttribute("aria-keyshortcuts")?.toUpperCase() ?? "";
    const words = said(one).replace(new RegExp(`\\s*${$("kbd", one)?.textContent ?? ""}$`), "");
    return { words, key, of: one.closest("nav, #all-views") ? say("page") : say("this ticket"), act: () => one.click() };
  }).filter(({ words }) => words && !seen.has(words) && seen.add(words));
}
function offer() {
  const words = $("#palette-words").value.trim().toLowerCase();
  const fitting = commands().filter((one) => words.split(" ").every((word) => one.words.toLowerCase().includes(word))).slice(0, 9);
  if (words) fitting.push({ words: say("Search mails for “{words}”", { words }), key: "/", of: say("search"), act: () => { location.href = `/tickets?view=all&q=${encodeURIComponent(words)}`; } });
  $("#palette-list").replaceChildren(...fitting.map(({ words: said, key, of, act }, at) => {
    const option = document.createElement("li");
    option.setAttribute("role", "option");
    option.id = `command-${at}`;
    option.setAttribute("aria-selected", String(at === 0));
    const kind = Object.assign(document.createElement("span"), { className: "kind-of", textContent: of });
    option.append(Object.assign(document.createElement("span"), { textContent: said }), kind);
    if (key) option.append(Object.assign(document.createElement("kbd"), { textContent: key }));
    option.addEventListener("click", () => { $("#palette").hidePopover(); act(); });
    return option;
  }));
  choose(0);
}
function choose(by) {
  const options = $$("#palette-list li"), at = options.findIndex((one) => one.getAttribute("aria-selected") === "true");
  const next = Math.min(options.length - 1, Math.max(0, at + by));
  options.forEach((one, number) => one.setAttribute("aria-selected", String(number === next)));
  $("#palette-words").setAttribute("aria-activedescendant", options[next]?.id ?? "");
}
document.addEventListener("input", (event) => { if (event.target.id === "palette-words") offer(); });
document.addEventListener("keydown", (event) => {
  if (event.target.id !== "palette-words") return;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") { event.preventDefault(); choose(event.key === "ArrowDown" ? 1 : -1); }
  if (event.key === "Enter") { event.preventDefault(); $("#palette-list [aria-selected=true]")?.click(); }
});
