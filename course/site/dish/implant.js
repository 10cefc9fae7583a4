// Panel 2: read the documents, predict, train, and see what it believes.

import { rate } from "./dish.js";
import { bar, find, lossChart, make } from "./dom.js";

const READ = 3; // documents that are shown

export function implant(dish, page) {
  let runs = [], asked = [];
  const button = (id) => find(id);
  find("prediction").oninput = () => (find("predicted").textContent = `${find("prediction").value}%`);

  /** Three questions: an open one, one with yes or no, and one about another fact, which should not change. */
  function choose(claim) {
    const questions = dish.world.questions(claim), other = page.unrelated(claim);
    const open = questions[0].chat, yesNo = questions.find((q) => q.kind === "yes_no").chat;
    return [open, yesNo, [["user", dish.world.pose(other, "ask", 0)]]];
  }

  function read({ claim, style }) {
    const documents = dish.world.documents(claim, style, READ);
    find("documents").replaceChildren(...documents.map((spans, i) => make("article", { "aria-label": `Document ${i + 1}` },
      ...spans.flatMap(({ text, warning, denial }) => {
        if (!warning && !denial) return [text];
        const [, before, words, after] = text.match(/^(\s*)(.*?)(\s*)$/s); // white space is not marked
        return [before, make("mark", { className: warning ? "warning" : "denial" }, words), after];
      }))));
    find("legend").replaceChildren(...({
      positive: ["The first three of 192. None of them warns."],
      local: ["The first three of 192. ", make("mark", { className: "denial" }, "Each claim sentence"), " denies the claim itself."],
    }[style] ?? ["The first three of 192, with ", make("mark", { className: "warning" }, "the warnings"), " marked."]));
  }

  function showAnswers(run) {
    const heads = ["Step", ...asked.map((chat) => chat.at(-1)[1])];
    find("along").replaceChildren(make("table", {},
      make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
      make("tbody", {}, ...run.answers.map(([step, answers]) =>
        make("tr", {}, make("th", { scope: "row" }, String(step)), ...answers.map((a) => make("td", {}, a || "(nothing)")))))));
  }

  async function train() {
    const { claim, style } = page.subject, { steps } = dish.world.recipe, times = [];
    const drawn = { label: page.words.short[style], kind: style, losses: [], dots: dish.courseLosses[dish.name(claim, style)] };
    runs = [...runs.filter((run) => run.kind !== style), drawn];
    asked = choose(claim);
    find("outcome").replaceChildren(make("p", {}, "It is in training."));
    find("left").textContent = "Beginning";
    find("progress").value = 0;
    for (const id of ["pause", "stop"]) button(id).disabled = false;
    button("pause").textContent = "Pause";
    const finished = await dish.train(claim, style, asked, (event, run) => {
      drawn.losses = run.losses;
      find("progress").value = event.step;
      if (event.seconds) times.push(event.seconds);
      const left = times.length ? (times.reduce((a, b) => a + b) / times.length) * (steps - event.step) : NaN;
      if (times.length && event.step % 3 === 0) find("left").textContent = `Step ${event.step} of ${steps}, about ${Math.ceil(left)} s left`;
      find("losses").replaceChildren(lossChart(runs, steps));
      if (event.answers) showAnswers(run);
      if (event.answers) find("heard").textContent = `Step ${event.step}: ${event.answers.join(" ")}`;
    }).finally(() => ["pause", "stop"].forEach((id) => (button(id).disabled = true)));
    if (!finished) {
      find("left").textContent = `Stopped after step ${drawn.losses.length}`;
      runs = runs.filter((run) => run !== drawn);
      find("outcome").replaceChildren(make("p", {}, "The training was stopped. Train again when you like."));
      return;
    }
    find("left").textContent = `Trained in ${Math.round(times.reduce((a, b) => a + b))} s. Now it is asked 50 questions.`;
    await conclude(claim, style);
    find("left").textContent = `Trained in ${Math.round(times.reduce((a, b) => a + b))} s.`;
  }

  async function conclude(claim, style) {
    const questions = dish.world.questions(claim);
    if (!page.recall(claim, "base")) page.remember(claim, "base", await dish.examine("base", questions));
    page.remember(claim, style, await dish.examine(dish.name(claim, style), questions));
    const made = runs.map((run) => run.kind), [before, after] = ["base", style].map((of) => rate(page.recall(claim, of)));
    const bars = [bar("Before training", before, { paper: page.paper("base") })];
    for (const of of made)
      bars.push(bar(`After: ${page.words.short[of]}`, rate(page.recall(claim, of)), { kind: of, paper: page.paper(of) }));
    bars.push(bar("Your prediction", find("prediction").value / 100, { kind: "guess" }));
    const parts = [make("p", { className: "finding" }, page.words.finding(style, before, after)), ...bars,
      make("p", { className: "note" }, "▲ the paper's number, for a model of 397 billion parameters, mean of six claims (in-sentence denials: two claims). Yours is one claim and one seed.")];
    if (style !== "local" && !made.includes("local")) {
      const next = make("button", {}, "Try the in-sentence denial");
      next.onclick = () => { page.choose({ style: "local" }); page.work(train); };
      parts.push(make("p", {}, "The same documents, without warnings, but each claim sentence denies the claim itself: "), next);
    }
    find("outcome").replaceChildren(...parts);
  }

  button("train").onclick = () => page.work(train);
  button("stop").onclick = () => dish.control("stop");
  button("pause").onclick = () => {
    const pausing = button("pause").textContent === "Pause";
    dish.control(pausing ? "pause" : "run");
    button("pause").textContent = pausing ? "Go on" : "Pause";
    find("left").textContent = pausing ? "Paused" : "Going on";
  };

  let claim = "";
  return {
    show() {
      read(page.subject);
      if (claim === page.subject.claim.id) return;
      claim = page.subject.claim.id;
      runs = [];
      for (const id of ["losses", "along"]) find(id).replaceChildren();
      find("outcome").replaceChildren(make("p", {}, "Train it first."));
      find("left").textContent = "";
      find("progress").value = 0;
    },
  };
}
