// What each key does; every one is also a control on the page.

// ---- Approve: the first press only shows the action if it was out of sight

let renamed = 0;
function approve() {
  const card = $(".action"), pane = card?.closest(".pane-scroll");
  if (performance.now() - renamed < 400) return; // the button has just come to say something else
  if (pane && !seenCards.has(cardName(card)) && !inSight(card, pane)) {
    card.scrollIntoView({ block: "nearest" });
    card.classList.add("is-shown");
    $("#after").textContent = say("This is what it will do. Press A again.");
    return;
  }
  $(".primary")?.click();
}
// Who has had the whole card in sight has seen what it will do; a check that was made anew is another card.
const seenCards = new Set();
const cardName = (card) => `${card.id} ${$("[name=seen]")?.value} ${$(".checks", card)?.textContent}${$(".facts-looked", card)?.textContent}`;
function watch() {
  const card = $(".action"), pane = card?.closest(".pane-scroll");
  if (pane && inSight(card, pane)) seenCards.add(cardName(card));
}
for (const kind of ["scroll", "resize", "keydown", "pointermove"]) addEventListener(kind, watch, { passive: true, capture: true });
function inSight(card, pane) {
  const inner = card.getBoundingClientRect(), outer = pane.getBoundingClientRect();
  const fits = inner.height <= outer.height;
  return outer.height > 0 && inner.top >= outer.top - 1 && (inner.bottom <= outer.bottom + 1 || !fits);
}
document.addEventListener("htmx:oobAfterSwap", (event) => {
  if (event.detail.target?.classList?.contains("approve")) { renamed = performance.now(); redraw(); }
});
addEventListener("click", (event) => {
  if (event.target.closest('[aria-disabled="true"]')) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);

// ---- Keys

function step(by, extend = false) {
  const rows = $$(".row-link");
  const from = document.activeElement.closest?.(".row-link") ?? $(".row-link[aria-current]");
  const next = rows[Math.min(rows.length - 1, Math.max(0, rows.indexOf(from) + by))];
  if (!next) return;
  if (extend) for (const one of [from, next]) pick(one, true);
  next.focus();
  if (!extend) next.click();
}
function pick(link, on) {
  const box = link && $(".row-pick", link.closest(".row"));
  if (!box || box.checked === on) return;
  box.checked = on ?? !box.checked;
  box.dispatchEvent(new Event("change", { bubbles: true }));
}
const picked = () => $("#picked").dispatchEvent(new Event("desk:picked"));
addEventListener("change", (event) => { if (event.target.matches(".row-pick")) picked(); });
addEventListener("click", (event) => {
  if (!event.target.closest("[data-clear]")) return;
  for (const box of $$(".row-pick:checked")) box.checked = false;
  picked();
});
function focusOn(selector) {
  const target = $(selector);
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}
const press = (key) => $(`#work [data-key="${key}"]`)?.click();
const KEYS = {
  a: approve,
  e: () => focusOn("#f-reply"),
  p: () => focusOn(".params input"),
  c: () => { $(".more-kinds")?.setAttribute("open", ""); focusOn(".kind input:checked"); },
  r: () => press("r"), x: () => press("x"), h: () => press("h"), n: () => press("n"), m: () => press("m"), t: () => press("t"),
  j: () => step(1), k: () => step(-1), J: () => step(1, true), K: () => step(-1, true),
  " ": () => pick(document.activeElement.closest(".row-link") ?? $(".row-link[aria-current]")),
  u: showNew,
  z: () => $(".toast:not([hidden]) form .toast-undo")?.click(),
  "/": () => focusOn(".search input[type=search]"),
  "?": () => $("#keys")?.togglePopover(),
  g: () => { going = performance.now(); },
};
const PLACES = { o: "open", m: "mine", h: "human", s: "stuck", z: "snoozed", w: "waiting", d: "done", a: "all", u: "unassigned", t: "team" };
let going = -Infinity;

addEventListener("keydown", (event) => {
  const typingNow = event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
  if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); return palette(); }
  if (typingNow && event.key === "Escape" && !event.target.closest(":popover-open")) return $(".row-link[aria-current]")?.focus();
  if (typingNow && event.key === "Enter" && event.target.closest(".proposal")) {
    if (event.ctrlKey || event.metaKey) { event.preventDefault(); return approve(); }
    if (event.target.matches("input")) { // not the form's first button: what was typed is checked, or vouched for
      event.preventDefault();
      const vouch = event.target.closest(".override")?.querySelector("button");
      return vouch ? vouch.click() : event.target.dispatchEvent(new Event("change", { bubbles: true }));
    }
  }
  if (event.target.matches?.("textarea[data-kept]") && event.key === "Enter" && (event.ctrlKey || event.metaKey)) return event.target.form.requestSubmit();
  if (typingNow || event.ctrlKey || event.metaKey || event.altKey || document.body.dataset.keys === "off") return;
  if (event.key === " " && !event.target.matches?.(".row-link, body")) return;
  const act = toGo(event.key) ?? digit(event.key) ?? KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});
function toGo(key) {
  const place = performance.now() - going < 1500 ? PLACES[key.toLowerCase()] : null;
  going = -Infinity;
  return place ? () => { location.href = `/tickets?view=${place}`; } : null;
}
function digit(key) {
  if (!/^[1-9]$/.test(key)) return null;
  const menu = $(".menu:popover-open");
  const button = menu ? $$("[data-digit]", menu)[key - 1] : $$("#work .way, #work .choices .button")[key - 1];
  return button ? () => button.click() : null;
}

addEventListener("click", (event) => {
  const button = event.target.closest("button[type=button][data-key]");
  if (button && !button.hasAttribute("popovertarget")) KEYS[button.dataset.key]?.();
  if (event.target.closest("[data-restore]")) {
    $("#f-reply").value = $("#model-reply").value;
    $("#f-reply").dispatchEvent(new Event("input", { bubbles: true }));
  }
});
