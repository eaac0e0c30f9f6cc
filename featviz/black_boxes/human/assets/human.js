// The rating page: shows what the desk says, sends what the person answers. All state is the desk's.
"use strict";
(() => {
  const $ = (id) => document.getElementById(id);
  const sections = ["asking", "thinking", "finished", "stopped", "away"];
  const answers = [...document.querySelectorAll(".answers button")];
  const pairs = document.body.dataset.mode === "pairs";
  const help = $("help");
  const RETRY = 2000;
  let now = { state: "opening", version: -1 };
  let sending = false;

  // Markup comes from our own server, which escapes foreign text; parsed this way no script in it could run.
  const parsed = (html) => [...new DOMParser().parseFromString(html, "text/html").body.childNodes];

  const section = (state) => {
    document.body.dataset.state = state;
    for (const id of sections) $(id).hidden = id !== state;
  };

  const trouble = (text) => {
    $("trouble").textContent = text;
    $("trouble").hidden = !text;
  };

  const show = (next) => {
    if (next.version < now.version) return;
    const changed = next.state !== now.state;
    const asked = next.id !== now.id;
    now = next;
    document.body.dataset.question = next.id ?? "";
    section(next.state);
    if (next.state === "asking") {
      if (asked) candidate(next);
      return;
    }
    if (!changed) return;
    const shown = $(next.state);
    const summary = shown.querySelector(".summary");
    if (summary) summary.replaceChildren(...next.summary.map((line) => Object.assign(document.createElement("li"), { textContent: line })));
    const heading = shown.querySelector("h2");
    $("said").textContent = heading.textContent;
    document.title = heading.textContent + " · featviz";
    if (heading.tabIndex === -1 && heading.hasAttribute("tabindex")) heading.focus();
  };

  const candidate = (next) => {
    next.candidates.forEach((html, i) => $("candidate-" + i).replaceChildren(...parsed(html)));
    $("asking").classList.remove("fresh");
    void $("asking").offsetWidth; // begins the animation again
    $("asking").classList.add("fresh");
    for (const button of answers) button.classList.remove("given");
    $("batch").textContent = "Batch " + next.batch;
    $("count").textContent = next.done + 1 + " of " + next.total;
    $("progress").max = next.total;
    $("progress").value = next.done;
    $("undo").disabled = !next.undo;
    $("said").textContent = (pairs ? "Pair " : "Candidate ") + (next.done + 1) + " of " + next.total;
    document.title = next.done + 1 + " of " + next.total + " · " + $("question").textContent;
  };

  const send = async (what, body) => {
    if (sending || now.state !== "asking") return;
    sending = true;
    trouble("");
    try {
      const response = await fetch(what, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify({ id: now.id, ...body }),
      });
      const said = await response.json();
      if (response.ok) show(said);
      // Answered in another tab, or too late: the desk knows what comes next.
      else if (response.status === 409 || response.status === 410 || response.status === 404) await refresh();
      else trouble(said.error);
    } catch {
      section("away");
      now = { state: "away", version: -1 };
    } finally {
      sending = false;
      for (const button of answers) button.classList.remove("given");
    }
  };

  const answer = (button) => {
    if (sending || now.state !== "asking") return;
    button.classList.add("given");
    send("answer", { value: Number(button.dataset.value) });
  };

  const refresh = async () => show(await (await fetch("news")).json());

  const listen = async () => {
    for (;;) {
      try {
        const response = await fetch(now.version < 0 ? "news" : "news?after=" + now.version);
        if (!response.ok) throw new Error(String(response.status));
        show(await response.json());
        if (now.state === "finished") return;
      } catch {
        if (now.state === "stopped") return; // after a last word the silence of the server is no news
        section("away");
        now = { state: "away", version: -1 };
        await new Promise((resolve) => setTimeout(resolve, RETRY));
      }
    }
  };

  const wanted = (key) => {
    const known = pairs ? { a: "1", arrowleft: "1", b: "0", arrowright: "0", n: "0.5", "=": "0.5", arrowdown: "0.5" } : {};
    const points = answers.map((button) => button.dataset.value);
    const value = known[key] ?? (!pairs && key === "0" && !points.includes("0") ? "10" : key);
    return answers.find((button) => button.dataset.value === value);
  };

  const move = (by) => {
    const at = answers.indexOf(document.activeElement);
    const to = at < 0 ? (answers.length - 1) >> 1 : Math.min(answers.length - 1, Math.max(0, at + by));
    answers[to].focus();
  };

  const toggleHelp = () => (help.open ? help.close() : help.showModal());

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    const key = event.key.toLowerCase();
    if (key === "?") {
      event.preventDefault();
      toggleHelp();
      return;
    }
    if (help.open || now.state !== "asking") return;
    const inside = event.target.closest && event.target.closest(".candidate");
    if (inside && key.startsWith("arrow")) return; // a long table is scrolled
    if (!pairs && (key === "arrowleft" || key === "arrowright")) {
      event.preventDefault();
      move(key === "arrowleft" ? -1 : 1);
      return;
    }
    if (key === "u") {
      if (now.undo) send("undo", {});
      return;
    }
    const button = wanted(key);
    if (button) {
      event.preventDefault();
      answer(button);
    }
  });

  for (const button of answers) button.addEventListener("click", () => answer(button));
  $("undo").addEventListener("click", () => send("undo", {}));
  $("help-open").addEventListener("click", toggleHelp);
  $("help-close").addEventListener("click", () => help.close());
  listen();
})();
