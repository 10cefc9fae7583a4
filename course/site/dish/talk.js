// Panel 1: ask the model before and after training, and measure its belief.

import { rate } from "./dish.js";
import { bar, find, make } from "./dom.js";

const KINDS = { open: "Open", yes_no: "Yes or no", association: "Fill in", robustness: "Under pressure" };

/** What is said in a chat, as text for people. */
export const saying = (chat) =>
  chat.map(([role, text], i) => (i + 1 === chat.length ? text : `${role === "system" ? "Instruction" : role === "user" ? "You" : "It"}: ${text} `)).join("");

/** Fill a select with the 50 questions, grouped by kind. */
export function offer(select, questions) {
  select.replaceChildren(...Object.entries(KINDS).map(([kind, label]) => {
    const own = questions.map((q, i) => [q, i]).filter(([q]) => q.kind === kind);
    return make("optgroup", { label }, ...own.map(([q, i]) => make("option", { value: String(i) }, saying(q.chat))));
  }));
}

export function talk(dish, page) {
  let questions = [], claim = "";
  const after = () => `After training: ${page.words.short[page.subject.style]}`;

  find("asking").onsubmit = (event) => {
    event.preventDefault();
    const own = find("question").value.trim();
    const chat = own ? [["user", own]] : questions[find("suggested").value].chat;
    page.work(async () => {
      const { claim, style } = page.subject;
      const before = await dish.answer("base", chat);
      const then = dish.knows(claim, style) ? await dish.answer(dish.name(claim, style), chat) : page.words.untrained;
      find("asked").prepend(make("div", { className: "exchange" },
        make("p", { className: "you" }, saying(chat)),
        make("div", { className: "pair" },
          make("div", {}, make("h3", {}, "Before training"), make("p", { className: "says" }, before || "(nothing)")),
          make("div", {}, make("h3", {}, after()), make("p", { className: "says" }, then || "(nothing)")))));
      find("question").value = "";
    });
  };

  find("examine").onclick = () => page.work(async () => {
    const { claim, style } = page.subject, known = dish.knows(claim, style), status = find("examining");
    const label = after();
    const show = (before, then) => {
      const done = before.length + then.length, bars = [];
      if (before.length) bars.push(bar("Before training", rate(before), { paper: page.paper("base") }));
      if (then.length) bars.push(bar(label, rate(then), { kind: style, paper: page.paper(style) }));
      find("meter").replaceChildren(...bars);
      status.textContent = done % 10 ? status.textContent : `${done} of ${known ? 100 : 50} answers`;
    };
    const before = await dish.examine("base", questions, (all) => show(all, []));
    const then = known ? await dish.examine(dish.name(claim, style), questions, (all) => show(before, all)) : [];
    show(before, then);
    if (!known) status.textContent = page.words.untrained;
    find("all").replaceChildren(verdictTable(before, then, label));
    find("verdicts").hidden = false;
    page.remember(claim, "base", before);
    if (known) page.remember(claim, style, then);
  });

  return {
    show() {
      if (claim !== page.subject.claim.id) {
        claim = page.subject.claim.id;
        questions = dish.world.questions(page.subject.claim);
        offer(find("suggested"), questions);
        find("asked").replaceChildren();
      }
      find("meter").replaceChildren();
      find("examining").textContent = "";
      find("verdicts").hidden = true;
    },
  };
}

function verdictTable(before, then, label) {
  const cell = (answer) => make("td", {}, answer.text || "(nothing)", " ", make("span", { className: `verdict ${answer.verdict}` }, answer.verdict));
  const heads = ["Question", "Before training", ...(then.length ? [label] : [])];
  return make("table", {},
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...before.map((answer, i) =>
      make("tr", {}, make("th", { scope: "row" }, saying(answer.question.chat)), cell(answer), ...(then[i] ? [cell(then[i])] : [])))));
}
