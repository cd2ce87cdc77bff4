// The chat of visitors: sends a question, shows the answer as it comes. Without it the form works with whole pages.

const byId = (id) => document.getElementById(id);
const form = byId("ask"), lines = byId("lines"), words = byId("words");

function line(kind, text = "") {
  const made = document.createElement(kind === "machine" ? "article" : "p");
  made.className = `chat-${kind}`;
  made.textContent = text;
  lines.append(made);
  made.scrollIntoView({ block: "end" });
  return made;
}

function sourcesOf(sources) {
  const box = document.createElement("details"), title = document.createElement("summary"), list = document.createElement("ul");
  title.textContent = byId("sources-title").innerHTML;
  for (const [page, heading, said] of sources) {
    const item = document.createElement("li"), name = document.createElement("b"), quote = document.createElement("q");
    name.textContent = heading ? `${page}, ${heading}` : page;
    quote.textContent = said;
    item.append(name, " ", quote);
    list.append(item);
  }
  box.open = true;
  box.append(title, list);
  return box;
}

function show(answer, name, value) {
  if (name === "token") for (const field of document.querySelectorAll("input[name=token]")) field.value = value;
  if (name === "sources") answer.sources = sourcesOf(value);
  if (name === "piece") answer.line.textContent += `${answer.line.textContent ? " " : ""}${value}`;
  if (name !== "end") return;
  answer.line.innerHTML = value.html; // sanitised by the desk
  answer.line.classList.remove("chat-waits");
  if (value.reason) {
    const why = document.createElement("p");
    why.className = "chat-reason";
    why.textContent = `${value.reason} ${byId("reason-more").innerHTML}`;
    answer.line.append(why);
    byId("hand-over").open = true;
  }
  if (answer.sources) answer.line.append(answer.sources);
  byId("hand-over").hidden = false;
  answer.line.scrollIntoView({ block: "end" });
}

async function ask(event) {
  event.preventDefault();
  const body = new URLSearchParams(new FormData(form));
  line("visitor", words.value);
  words.value = "";
  const answer = { line: line("machine") };
  answer.line.classList.add("chat-waits");
  try {
    const got = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/event-stream" } });
    if (!got.ok) throw new Error((await got.json()).detail);
    const reader = got.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      const events = (rest + part.value).split("\n\n");
      rest = events.pop();
      for (const one of events) {
        const [, name, data] = one.match(/^event: (\w+)\ndata: (.*)$/s);
        show(answer, name, JSON.parse(data));
      }
    }
  } catch (problem) {
    answer.line.classList.remove("chat-waits");
    answer.line.textContent = problem instanceof TypeError ? byId("broken").innerHTML : problem.message;
  }
}

form?.addEventListener("submit", ask);
words?.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && !event.shiftKey) {
    event.preventDefault();
    if (words.value.trim()) form.requestSubmit();
  }
});
