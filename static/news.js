// News that arrive while a page is open, and the countdown of an approval.

// ---- News: rows change in place, new ones wait behind a count; the open ticket changes unless somebody types in it

let waiting = null; // the rows of the newest answer, where they are not the ones that are shown
function address() {
  const ticket = $("#conversation")?.dataset.ticket;
  return (ticket ? `/tickets/${ticket}` : location.pathname) + location.search;
}

document.addEventListener("htmx:configRequest", (event) => {
  if (event.detail.elt.id !== "news") return;
  event.detail.path = address();
  event.detail.parameters = { ...event.detail.parameters, news: Date.now() };
});
document.addEventListener("htmx:beforeRequest", (event) => { // on a phone the address chooses the column
  if (event.detail.elt.matches(".row-link") && matchMedia("(max-width: 767px)").matches && !event.detail.requestConfig.headers["HX-Preloaded"]) {
    event.preventDefault();
    location.href = `${event.detail.elt.href}#conversation`;
  }
});

document.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.requestConfig?.elt?.id !== "news" || event.detail.xhr.status !== 200) return;
  const fresh = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html");
  const sameSearch = $(".search [name=q]")?.value === ($(".search [name=q]", fresh)?.value ?? "");
  if (sameSearch) freshRows($("#queue-rows", fresh));
  for (const part of ["#views", "#health", "#desk-notices", "#undo", "#bell"]) freshen(part, fresh);
  const now = $(".proposal"), next = now ? $(`#${now.id}`, fresh) : null;
  if (now && next && next.dataset.version + next.dataset.status !== now.dataset.version + now.dataset.status) {
    if (form() && (isDirty() || now.contains(document.activeElement))) {
      return tell(say("This ticket has changed. What you typed is kept."), true);
    }
    swap("#work", fresh);
  } else if (!now && $(".proposal", fresh)) {
    location.reload();
  } else if (!$("#conversation :popover-open")) {
    freshen("#conversation .events", fresh);
    freshen("#conversation .props", fresh);
  }
});

function swap(selector, fresh) {
  const next = $(selector, fresh);
  $(selector).replaceWith(next);
  window.htmx.process(next);
  begin();
}
function freshen(selector, fresh) {
  const now = $(selector), next = $(selector, fresh);
  if (now && next && now.textContent.trim() !== next.textContent.trim()) { now.replaceWith(next); window.htmx.process(next); }
}

function freshRows(list) {
  const shown = $("#queue-rows");
  if (!shown || !list) return;
  let added = 0;
  for (const next of $$(".row", list)) {
    const row = document.getElementById(next.id);
    if (!row) { added += 1; continue; }
    if (row.textContent !== next.textContent) replaceRow(row, next.cloneNode(true));
  }
  for (const row of $$(".row", shown)) if (!list.querySelector(`#${row.id}`)) row.classList.add("is-gone");
  const gone = $$(".row.is-gone", shown).some((row) => !list.querySelector(`#${row.id}`));
  waiting = added || gone || !$(".row", shown) ? list : null;
  const quiet = !shown.matches(":hover, :focus-within") && performance.now() - touched > 30000;
  if (waiting && (quiet || !$(".row", shown))) return showNew();
  const fresh = $("#queue-fresh");
  fresh.replaceChildren();
  if (!added) return;
  const button = Object.assign(document.createElement("button"), { type: "button", className: "fresh", textContent: `${say("{n} new", { n: added })} ` });
  button.setAttribute("aria-keyshortcuts", "u");
  button.dataset.key = "u";
  button.append(Object.assign(document.createElement("kbd"), { textContent: "U" }));
  fresh.append(button);
}
function replaceRow(row, next) {
  const link = $(".row-link", row), had = document.activeElement === link;
  $(".row-pick", next).checked = $(".row-pick", row).checked;
  if (link.hasAttribute("aria-current")) $(".row-link", next).setAttribute("aria-current", "true");
  row.replaceWith(next);
  window.htmx.process(next);
  if (had) $(".row-link", next).focus();
}
function showNew() {
  if (!waiting) return;
  const picked = new Set($$(".row-pick:checked").map((one) => one.value));
  for (const one of $$(".row-pick", waiting)) one.checked = picked.has(one.value);
  $("#queue-rows").replaceWith(waiting);
  window.htmx.process(waiting);
  waiting = null;
  $("#queue-fresh").replaceChildren();
  mark();
}
let touched = performance.now();
for (const kind of ["pointermove", "keydown"]) addEventListener(kind, () => { touched = performance.now(); }, { passive: true });

function tell(words, mayShow = false, link = [say("Show"), location.href]) {
  const notices = $(".conversation .notices");
  if (!notices || $(".is-news", notices)) return;
  const notice = document.createElement("div");
  notice.className = "notice notice-amber is-news";
  notice.append(document.createElement("span"), Object.assign(document.createElement("p"), { textContent: words }));
  if (mayShow) notice.append(Object.assign(document.createElement("a"), { className: "button", href: link[1], textContent: link[0] }));
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

// ---- The browser tells of a new notice, where somebody let it

let unread = Number($("#bell")?.dataset.unread ?? 0);
setInterval(() => {
  const now = Number($("#bell")?.dataset.unread ?? 0);
  if (now > unread && window.Notification?.permission === "granted" && document.hidden)
    new Notification("Courtdesk", { body: say("{n} unread notices", { n: now }), tag: "courtdesk" });
  unread = now;
}, 1000);
const ask = $("#ask-browser");
if (ask && window.Notification?.permission === "default") {
  ask.hidden = false;
  ask.addEventListener("click", () => Notification.requestPermission().then(() => { ask.hidden = true; }));
}
