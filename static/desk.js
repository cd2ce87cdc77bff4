// The desk's own script: keys, the thread between mail and fields, the diff, the countdown, news that arrive.
// Nothing here decides anything; every form and link works without it.

const $ = (selector, root = document) => root.querySelector(selector);
const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

// ---- A word in the mail and the field that it filled light up together

function link(event) {
  const field = event.target.closest?.("[data-field]")?.dataset.field;
  for (const one of $$("[data-field]")) one.classList.toggle("is-linked", one.dataset.field === field);
}
for (const kind of ["pointerover", "focusin"]) addEventListener(kind, link);

// ---- The reply: placeholders marked behind the text, the diff below it, the button renamed

const words = (text) => text.match(/\s*(?:[\p{L}\p{N}_{}@'’-]+|\S)/gu) ?? [];

function compare(before, after) {
  const same = (i, j) => before[i].trim() === after[j].trim();
  const longest = Array.from({ length: before.length + 1 }, () => new Uint16Array(after.length + 1));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      longest[i][j] = same(i, j) ? longest[i + 1][j + 1] + 1 : Math.max(longest[i + 1][j], longest[i][j + 1]);
  const steps = [];
  let i = 0, j = 0;
  while (i < before.length || j < after.length) {
    if (i < before.length && j < after.length && same(i, j)) { steps.push(["", after[j]]); i++; j++; }
    else if (j === after.length || (i < before.length && longest[i + 1][j] >= longest[i][j + 1])) steps.push(["del", before[i++]]);
    else steps.push(["ins", after[j++]]);
  }
  return steps;
}

function line(steps, mark) {
  const near = (at) => steps.slice(Math.max(0, at - 1), at + 3).some(([kind]) => kind);
  const parts = [];
  let skipped = false;
  steps.forEach(([kind, text], at) => {
    if (kind && kind !== mark) return;
    if (!kind && !near(at)) { skipped = true; return; }
    if (skipped && parts.length) parts.push(" … ");
    skipped = false;
    if (!kind) return parts.push(text);
    const changed = document.createElement(kind);
    changed.textContent = text.trim();
    parts.push(/^\s/.test(text) ? " " : "", changed);
  });
  if (skipped) parts.push(" …");
  return parts;
}

function redraw() {
  const reply = $("#f-reply");
  if (!reply) return;
  const before = $("#model-reply").value, after = reply.value;
  $(".editor-mirror").replaceChildren(...after.split(/(\{[a-z_.]+\})/).map((part, at) => {
    if (at % 2 === 0) return part;
    const hole = document.createElement("mark");
    hole.textContent = part;
    return hole;
  }), "\n");
  const edited = after.trim() !== before.trim();
  $(".diff").hidden = !edited;
  const renamed = $("[data-edited]");
  if (renamed) renamed.hidden = !edited && !isDirty();
  if (!edited) return;
  const steps = compare(words(before), words(after));
  const [wrote, yours] = $$(".diff dd:first-of-type");
  wrote.replaceChildren(...line(steps, "del"));
  yours.replaceChildren(...line(steps, "ins"));
}

// ---- What a person touched is never replaced

let drawn = "";
const values = () => { const form = $(".proposal"); return form ? new URLSearchParams(new FormData(form)).toString() : ""; };
const isDirty = () => values() !== drawn;

addEventListener("input", (event) => { if (event.target.closest(".proposal")) redraw(); });

// ---- News: the queue is swapped by htmx; the open ticket only if nobody is typing in it

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig?.elt?.id !== "news" || event.detail.xhr.status !== 200) return;
  const form = $(".proposal");
  const fresh = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const next = form ? $(`#${form.id}`, fresh) : null;
  if (form && next && next.dataset.version + next.dataset.status !== form.dataset.version + form.dataset.status) {
    if (isDirty()) return tell();
    form.replaceWith(next);
    $("#conversation").replaceWith($("#conversation", fresh));
    window.htmx.process(next);
    begin();
  } else if (!form && $(".proposal", fresh)) {
    location.reload();
  }
});

function tell() {
  const notices = $(".conversation .notices");
  if (!notices || $(".is-news", notices)) return;
  const notice = document.createElement("div");
  notice.className = "notice notice-amber is-news";
  notice.append(document.createElement("span"), Object.assign(document.createElement("p"), { textContent: "This ticket has changed. What you typed is kept. " }),
    Object.assign(document.createElement("a"), { className: "button", href: location.href, textContent: "Show" }));
  notices.append(notice);
}

// ---- The countdown of an approval

setInterval(() => {
  for (const number of $$("[data-countdown]")) {
    const left = Math.max(0, Number(number.textContent) - 1);
    number.textContent = left;
    $(".ring-run", number.closest("svg"))?.setAttribute("stroke-dashoffset", 100 - (100 * left) / Math.max(1, Number(number.dataset.countdown)));
    if (left === 0) number.closest(".toast").hidden = true;
  }
}, 1000);

// ---- Approve: the first press only shows the action if it was out of sight

function approve() {
  const card = $(".action"), pane = card?.closest(".pane-scroll");
  if (pane && !inSight(card, pane)) {
    card.scrollIntoView({ block: "nearest" });
    card.classList.add("is-shown");
    $("#after").textContent = "This is what it will do. Press A again.";
    return;
  }
  $(".primary")?.click();
}
function inSight(card, pane) {
  const inner = card.getBoundingClientRect(), outer = pane.getBoundingClientRect();
  const fits = inner.height <= outer.height;
  return outer.height > 0 && inner.top >= outer.top - 1 && (inner.bottom <= outer.bottom + 1 || !fits);
}
addEventListener("click", (event) => {
  if (event.target.closest('[aria-disabled="true"]')) { event.preventDefault(); event.stopImmediatePropagation(); }
}, true);

// ---- Keys

function step(by) {
  const rows = $$(".row-link");
  const at = rows.indexOf(document.activeElement.closest?.(".row-link") ?? $(".row-link[aria-current]"));
  const next = rows[Math.min(rows.length - 1, Math.max(0, at + by))];
  if (!next) return;
  next.focus();
  next.click();
}
function focusOn(selector) {
  const target = $(selector);
  target?.focus();
  target?.scrollIntoView({ block: "nearest" });
}
const KEYS = {
  a: approve,
  e: () => focusOn("#f-reply"),
  p: () => focusOn(".params input"),
  c: () => { $(".more-kinds")?.setAttribute("open", ""); focusOn(".kind input:checked"); },
  r: () => $('.proposal [data-key="r"]')?.click(),
  x: () => $('.proposal [data-key="x"]')?.click(),
  j: () => step(1),
  k: () => step(-1),
  z: () => $(".toast:not([hidden]) .toast-undo")?.click(),
  "/": () => focusOn(".search input[type=search]"),
  "?": () => $("#keys")?.togglePopover(),
};

addEventListener("keydown", (event) => {
  const typing = event.target.matches?.("textarea, select, input:not([type=radio], [type=checkbox])");
  if (typing && event.key === "Escape") return $(".row-link[aria-current]")?.focus();
  if (typing && event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); return approve(); }
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  const act = KEYS[event.key] ?? KEYS[event.key.toLowerCase()];
  if (!act) return;
  event.preventDefault();
  act();
});

addEventListener("click", (event) => {
  const key = event.target.closest("button[type=button][data-key]")?.dataset.key;
  if (key) KEYS[key]();
  if (event.target.closest("[data-restore]")) { $("#f-reply").value = $("#model-reply").value; redraw(); }
});

// ---- Begin, and begin again whenever htmx has drawn a new page

function begin() {
  drawn = values();
  redraw();
  $(".row-link[aria-current]")?.scrollIntoView({ block: "nearest" });
}
document.addEventListener("htmx:afterSettle", (event) => { if (event.detail.target === document.body) begin(); });
begin();
