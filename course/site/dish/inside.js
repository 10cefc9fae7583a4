// Panel 3: the five most probable first tokens of an answer, before, during and after training.

import { find, make, bar } from "./dom.js";
import { offer } from "./talk.js";

export function inside(dish, page) {
  let questions = [];
  find("step").oninput = () => (find("stepped").textContent = find("step").value);
  find("look").onclick = () => page.work(async () => {
    const { claim, style } = page.subject, chat = questions[find("looked").value].chat, name = dish.name(claim, style);
    const step = find("step").value, here = dish.trained.has(name) && dish.latest === name;
    const columns = [["Before training", "base"]];
    if (here) columns.push([`After step ${step}`, `${name}@${step}`]);
    if (dish.knows(claim, style)) columns.push([`After training: ${page.words.short[style]}`, name]);
    const shown = [];
    for (const [title, of] of columns) {
      const tokens = await dish.ahead(of, chat);
      shown.push(make("div", {}, make("h3", {}, title), ...tokens.map(([text, share]) => bar(text.replace(/^ /, "␣"), share, { kind: of === "base" ? "" : style }))));
    }
    find("tokens").replaceChildren(make("div", { className: "pair" }, ...shown));
    find("looking").textContent = here ? "" : "Train these documents in panel 2 to see the steps between.";
  });
  return {
    show() {
      questions = dish.world.questions(page.subject.claim);
      offer(find("looked"), questions);
      find("tokens").replaceChildren();
      find("looking").textContent = "";
    },
  };
}
